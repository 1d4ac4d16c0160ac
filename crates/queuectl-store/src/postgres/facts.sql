-- Whether there is such a schema, how much is in it, and whether it is a store.
SELECT EXISTS (SELECT FROM pg_namespace WHERE nspname = $1) AS is_there, (
        SELECT count(*) FROM pg_class
        WHERE relnamespace = (SELECT oid FROM pg_namespace WHERE nspname = $1)
    ) AS objects, current_setting('server_encoding') AS encoding, EXISTS (
        SELECT FROM pg_class
        WHERE relnamespace = (SELECT oid FROM pg_namespace WHERE nspname = $1) AND relname = 'about'
    ) AS is_ours
