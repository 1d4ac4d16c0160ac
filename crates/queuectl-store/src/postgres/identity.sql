-- A server is known by the moment it was started at, to the microsecond: a copy of its files has the same of all else.
SELECT pg_catalog.format(
    'server %s %s %s', extract(epoch FROM pg_catalog.pg_postmaster_start_time()),
    (SELECT oid FROM pg_catalog.pg_database WHERE datname = pg_catalog.current_database()), 'queuectl.about'::pg_catalog.regclass::pg_catalog.oid
) AS identity
