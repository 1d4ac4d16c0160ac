-- What a worker wants to know that has nothing to tell. (What it holds is asked for by itself: the server would plan this anew
-- each time for lists that it can look into.)
SELECT queuectl.now_us() AS now, (
        SELECT coalesce(sum(changed), 0)::bigint FROM queuectl.settings
    ) AS settings_changes,
    workers.heartbeat_at, workers.stop, EXISTS (
        SELECT FROM queuectl.workers AS other
        WHERE other.lease_until <= (SELECT queuectl.now_us()) AND other.id <> $1
    ) AS lapsed,
    rest.pending, rest.processing, rest.failed, rest.next_due
FROM queuectl.workers CROSS JOIN queuectl.rest() AS rest
WHERE workers.id = $1
