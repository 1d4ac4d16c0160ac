-- As begin.sql. The worker can't be forgotten until the transaction ends, so that no claim of it is left behind.
SELECT queuectl.enter(), queuectl.now_us() AS now, (
        SELECT coalesce(sum(changed), 0)::bigint FROM queuectl.settings
    ) AS settings_changes, heartbeat_at, stop, EXISTS (
        SELECT FROM queuectl.workers AS other
        WHERE other.lease_until <= (SELECT queuectl.now_us()) AND other.id <> $1
    ) AS lapsed
FROM queuectl.workers WHERE id = $1 FOR KEY SHARE OF workers
