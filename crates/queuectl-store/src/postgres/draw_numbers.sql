-- A block of numbers for a batch, and a number for the name of each.
SELECT nextval('queuectl.numbers') AS block,
    ARRAY (SELECT nextval('queuectl.names') FROM generate_series(1, $1::bigint)) AS names
