-- A block of numbers for a batch, and a number for the name of each. Nobody passes over any meanwhile.
SELECT pg_advisory_xact_lock_shared(1902343280, 'queuectl.jobs'::regclass::oid::integer),
    nextval('queuectl.numbers') AS block,
    ARRAY (SELECT nextval('queuectl.names') FROM generate_series(1, $1::bigint)) AS names
