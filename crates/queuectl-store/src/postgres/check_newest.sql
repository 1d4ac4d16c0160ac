SELECT greatest(
    (SELECT pg_catalog.max(created_at) FROM queuectl.specs),
    (SELECT pg_catalog.max(greatest(started_at, finished_at)) FROM queuectl.jobs),
    (SELECT pg_catalog.max(greatest(started_at, finished_at)) FROM queuectl.finished),
    (SELECT pg_catalog.max(ended_at) FROM queuectl.attempts),
    (SELECT pg_catalog.max(heartbeat_at) FROM queuectl.workers),
    0
) AS newest, queuectl.now_us() AS now
