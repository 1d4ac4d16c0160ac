-- From where numbers go on, how many jobs there are, and how many bytes about all of it is.
SELECT queuectl.now_us() AS now,
    (SELECT CASE WHEN is_called THEN last_value ELSE 0 END FROM queuectl.names) AS last_name,
    (SELECT CASE WHEN is_called THEN last_value ELSE 0 END FROM queuectl.fences) AS last_fence,
    (SELECT pg_catalog.count(*) FROM queuectl.specs) AS jobs,
    pg_catalog.pg_table_size('queuectl.specs') + pg_catalog.pg_table_size('queuectl.jobs')
        + pg_catalog.pg_table_size('queuectl.finished')
        + pg_catalog.pg_table_size('queuectl.attempts') + pg_catalog.pg_table_size('queuectl.output') AS bytes
