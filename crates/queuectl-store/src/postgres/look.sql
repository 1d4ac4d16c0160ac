-- All that a worker wants to know that has nothing to tell.
SELECT queuectl.now_us() AS now, (
        SELECT coalesce(sum(changed), 0)::bigint FROM queuectl.settings
    ) AS settings_changes,
    workers.heartbeat_at, workers.stop, EXISTS (
        SELECT FROM queuectl.workers AS other
        WHERE other.lease_until <= (SELECT queuectl.now_us()) AND other.id <> $1
    ) AS lapsed,
    rest.pending, rest.processing, rest.failed, rest.next_due,
    ARRAY (
        SELECT held.fence FROM unnest($2::bigint[], $3::bigint[]) AS held (seq, fence)
        WHERE NOT EXISTS (SELECT FROM queuectl.jobs WHERE jobs.seq = held.seq AND jobs.fence = held.fence)
    ) AS lost,
    ARRAY (
        SELECT held.fence FROM unnest($2::bigint[], $3::bigint[]) AS held (seq, fence)
        JOIN queuectl.jobs ON jobs.seq = held.seq AND jobs.fence = held.fence
        WHERE jobs.stop IS NOT NULL
    ) AS to_end
FROM queuectl.workers CROSS JOIN queuectl.rest() AS rest
WHERE workers.id = $1
