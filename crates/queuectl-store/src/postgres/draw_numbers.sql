-- A block of numbers for a batch, and a number for the name of each. Nobody passes over any meanwhile.
SELECT pg_catalog.pg_advisory_xact_lock_shared(1902343280, 'queuectl.jobs'::pg_catalog.regclass::pg_catalog.oid::integer),
    pg_catalog.nextval('queuectl.numbers') AS block,
    ARRAY (SELECT pg_catalog.nextval('queuectl.names') FROM pg_catalog.generate_series(1, $1::bigint)) AS names
