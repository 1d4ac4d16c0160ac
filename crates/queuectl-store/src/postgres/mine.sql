-- Fails with a division by zero unless the schema and the table "about" belong to the user, and PUBLIC may not create objects there.
-- The server then skips the statements sent after this one. Nothing in the schema is used, since it may belong to another role.
SELECT 1 / pg_catalog.count(*) AS is_mine
FROM pg_catalog.pg_namespace AS spaces JOIN pg_catalog.pg_class AS about ON about.relnamespace = spaces.oid
WHERE spaces.nspname = 'queuectl' AND about.relname = 'about' AND about.relkind = 'r'
    AND spaces.nspowner = pg_catalog.quote_ident(current_user)::pg_catalog.regrole::pg_catalog.oid
    AND about.relowner = spaces.nspowner
    AND NOT EXISTS (
        SELECT FROM pg_catalog.aclexplode(spaces.nspacl) AS rights
        WHERE rights.grantee = 0::pg_catalog.oid AND rights.privilege_type = 'CREATE'
    )
