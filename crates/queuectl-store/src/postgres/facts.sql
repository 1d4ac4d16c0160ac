-- Whether the schema exists, how many relations are in it, whether it is a store, and which role it doesn't trust owns part of it.
-- Nothing in the schema is used: a view or function of another role would run with our rights. The roles that we are a member of are
-- trusted, and so are superusers, which may do anything anyway.
WITH RECURSIVE ours AS (
    SELECT pg_catalog.quote_ident(current_user)::pg_catalog.regrole::pg_catalog.oid AS role
    UNION
    SELECT members.roleid FROM pg_catalog.pg_auth_members AS members JOIN ours ON members.member = ours.role
), trusted AS (
    SELECT role FROM ours
    UNION ALL
    SELECT oid FROM pg_catalog.pg_roles WHERE rolsuper
), here AS (
    SELECT oid, nspowner, nspacl FROM pg_catalog.pg_namespace WHERE nspname = 'queuectl'
), owners AS (
    SELECT nspowner AS role FROM here
    UNION ALL
    SELECT classes.relowner FROM pg_catalog.pg_class AS classes JOIN here ON classes.relnamespace = here.oid
    UNION ALL
    SELECT functions.proowner FROM pg_catalog.pg_proc AS functions JOIN here ON functions.pronamespace = here.oid
    UNION ALL
    -- Types, operators, and whatever else can be in a schema: it depends on the schema and on its owner.
    SELECT owned.refobjid FROM here JOIN pg_catalog.pg_depend AS things ON things.refobjid = here.oid
    JOIN pg_catalog.pg_shdepend AS owned ON owned.classid = things.classid AND owned.objid = things.objid
    WHERE things.refclassid = 'pg_catalog.pg_namespace'::pg_catalog.regclass::pg_catalog.oid
        AND owned.dbid = (SELECT oid FROM pg_catalog.pg_database WHERE datname = pg_catalog.current_database())
        AND owned.deptype = 'o'
)
SELECT EXISTS (SELECT FROM here) AS is_there, (
        SELECT pg_catalog.count(*) FROM pg_catalog.pg_class AS classes JOIN here ON classes.relnamespace = here.oid
    ) AS objects, EXISTS (
        SELECT FROM pg_catalog.pg_class AS classes JOIN here ON classes.relnamespace = here.oid
        WHERE classes.relname = 'about' AND classes.relkind = 'r'
    ) AS is_ours, pg_catalog.current_setting('server_encoding') AS encoding, (
        SELECT pg_catalog.pg_get_userbyid(role)::pg_catalog.text FROM owners
        WHERE NOT EXISTS (SELECT FROM trusted WHERE trusted.role = owners.role)
            -- The only member of pg_database_owner is the owner of the database.
            AND NOT (
                pg_catalog.pg_get_userbyid(role) = 'pg_database_owner' AND EXISTS (
                    SELECT FROM pg_catalog.pg_database AS databases JOIN trusted ON trusted.role = databases.datdba
                    WHERE databases.datname = pg_catalog.current_database()
                )
            )
        LIMIT 1
    ) AS stranger, EXISTS (
        SELECT FROM here, pg_catalog.aclexplode(here.nspacl) AS rights
        WHERE rights.grantee = 0::pg_catalog.oid AND rights.privilege_type = 'CREATE'
    ) AS is_open
