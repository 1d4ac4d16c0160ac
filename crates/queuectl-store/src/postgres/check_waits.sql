SELECT pg_catalog.count(*) FROM queuectl.jobs
WHERE (state = 0 AND ready_at > queuectl.now_us() + $1::bigint)
    OR (state = 3 AND ready_at > queuectl.now_us() + $1::bigint AND finished_at > queuectl.now_us() + $1::bigint)
