-- Makes one row of many. Those that others fold are passed over.
WITH some_of_them AS (
    SELECT ctid FROM queuectl.count_changes LIMIT 2000 FOR UPDATE SKIP LOCKED
), gone AS (
    DELETE FROM queuectl.count_changes WHERE ctid = ANY (ARRAY (SELECT ctid FROM some_of_them))
    RETURNING pending, processing, completed, failed, dead
)
INSERT INTO queuectl.count_changes (pending, processing, completed, failed, dead)
SELECT pg_catalog.sum(pending), pg_catalog.sum(processing), pg_catalog.sum(completed),
    pg_catalog.sum(failed), pg_catalog.sum(dead)
FROM gone HAVING pg_catalog.count(*) > 0
