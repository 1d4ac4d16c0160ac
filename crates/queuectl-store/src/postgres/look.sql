-- What a worker wants to know that has nothing to tell. (What it holds is asked for by itself: the server would plan this anew
-- each time for lists that it can look into.) Nothing is counted where nothing is there: most of those who ask are idle.
SELECT queuectl.now_us() AS now, (
        SELECT coalesce(pg_catalog.sum(changed), 0)::bigint FROM queuectl.settings
    ) AS settings_changes,
    workers.heartbeat_at, workers.stop, CASE
        WHEN (SELECT last_value FROM queuectl.lease_floor) - queuectl.now_us() BETWEEN 1 AND 1000000 THEN false
        ELSE queuectl.others_lapsed($1::pg_catalog.text)
    END AS lapsed,
    coalesce(rest.pending, 0) AS pending, coalesce(rest.processing, 0) AS processing,
    coalesce(rest.failed, 0) AS failed, rest.next_due
FROM queuectl.workers LEFT JOIN LATERAL (
    SELECT * FROM queuectl.rest()
    WHERE (
        SELECT seq FROM queuectl.jobs
        WHERE state = 0 AND sort_key >= (SELECT last_value FROM queuectl.pending_floor)
        ORDER BY sort_key LIMIT 1
    ) IS NOT NULL OR (
        SELECT seq FROM queuectl.jobs
        WHERE state = 1 AND fence >= (SELECT last_value FROM queuectl.fence_floor)
        ORDER BY fence LIMIT 1
    ) IS NOT NULL OR (
        SELECT seq FROM queuectl.jobs
        WHERE state = 3 AND ready_at >= (SELECT last_value FROM queuectl.failed_floor)
        ORDER BY ready_at LIMIT 1
    ) IS NOT NULL
) AS rest ON true
WHERE workers.id = $1
