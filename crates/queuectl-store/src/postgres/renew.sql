-- Stands alone, so that it waits for nobody who has locked the jobs. Nothing is renewed if the settings aren't those that the length
-- is of. A lease never becomes shorter: its worker may not have heard of the last renewal. If the clock was set back since then,
-- the next turn sees it, and sets this right with all the rest.
WITH seen AS MATERIALIZED (
    SELECT queuectl.now_us() AS now, (
            SELECT coalesce(pg_catalog.sum(changed), 0)::bigint FROM queuectl.settings
        ) AS changes
), heard AS (
    UPDATE queuectl.workers
    SET heartbeat_at = greatest(heartbeat_at, seen.now),
        lease_until = greatest(lease_until, greatest(heartbeat_at, seen.now) + $3::bigint)
    FROM seen WHERE workers.id = $1 AND seen.changes = $2
    RETURNING 1
)
SELECT changes, EXISTS (SELECT FROM heard) AS is_renewed, EXISTS (
        SELECT FROM queuectl.workers WHERE id = $1
    ) AS is_known
FROM seen
