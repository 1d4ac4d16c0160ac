-- As begin.sql. The worker can't be forgotten until the transaction ends, so that no claim of it is left behind.
SELECT queuectl.enter(), queuectl.now_us() AS now, (
        SELECT coalesce(pg_catalog.sum(changed), 0)::bigint FROM queuectl.settings
    ) AS settings_changes, heartbeat_at, stop, CASE
        WHEN (SELECT last_value FROM queuectl.lease_floor) - queuectl.now_us() BETWEEN 1 AND 1000000 THEN false
        ELSE queuectl.others_lapsed($1::pg_catalog.text)
    END AS lapsed, (
        SELECT ready_at FROM queuectl.jobs
        WHERE state = 3 AND ready_at >= (SELECT last_value FROM queuectl.failed_floor)
        ORDER BY ready_at LIMIT 1
    ) AS next_due
FROM queuectl.workers WHERE id = $1 FOR KEY SHARE OF workers
