-- Fails with a division by zero unless the schema, the table "about" and whatever else is in the schema belong to the user, who alone may
-- create objects there: other cases need a closer look. The server then skips the statements sent after this one. Nothing in the schema
-- is used, since it may belong to another role. What is in a schema depends on it, whatever it is, and on its owner: both are indexed.
SELECT 1 / pg_catalog.count(*) AS is_mine
FROM pg_catalog.pg_namespace AS spaces JOIN pg_catalog.pg_class AS about ON about.relnamespace = spaces.oid
WHERE spaces.nspname = 'queuectl' AND about.relname = 'about' AND about.relkind = 'r'
    AND spaces.nspowner = pg_catalog.quote_ident(current_user)::pg_catalog.regrole::pg_catalog.oid
    AND about.relowner = spaces.nspowner
    AND NOT EXISTS (
        SELECT FROM pg_catalog.aclexplode(spaces.nspacl) AS rights
        WHERE rights.grantee <> spaces.nspowner AND rights.privilege_type = 'CREATE'
    )
    AND NOT EXISTS (
        SELECT FROM pg_catalog.pg_depend AS things JOIN pg_catalog.pg_shdepend AS owned
            ON owned.classid = things.classid AND owned.objid = things.objid
        WHERE things.refclassid = 'pg_catalog.pg_namespace'::pg_catalog.regclass::pg_catalog.oid
            AND things.refobjid = spaces.oid
            AND owned.dbid = (SELECT oid FROM pg_catalog.pg_database WHERE datname = pg_catalog.current_database())
            AND owned.deptype = 'o' AND owned.refobjid <> spaces.nspowner
    )
