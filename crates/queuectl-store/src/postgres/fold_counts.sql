-- Makes one row of many. Those that others fold are passed over.
WITH some_of_them AS (
    SELECT ctid FROM queuectl.count_changes LIMIT 2000 FOR UPDATE SKIP LOCKED
), gone AS (
    DELETE FROM queuectl.count_changes WHERE ctid = ANY (ARRAY (SELECT ctid FROM some_of_them))
    RETURNING pending, processing, completed, failed, dead
)
INSERT INTO queuectl.count_changes (pending, processing, completed, failed, dead)
SELECT sum(pending), sum(processing), sum(completed), sum(failed), sum(dead) FROM gone HAVING count(*) > 0
