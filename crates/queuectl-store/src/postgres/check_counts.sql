SELECT state, pg_catalog.count(*) AS there FROM (
    SELECT state FROM queuectl.jobs UNION ALL SELECT state FROM queuectl.finished
) AS all_of_them GROUP BY state
