SELECT greatest(
    (SELECT max(created_at) FROM queuectl.specs),
    (SELECT max(greatest(started_at, finished_at)) FROM queuectl.jobs),
    (SELECT max(greatest(started_at, finished_at)) FROM queuectl.finished),
    (SELECT max(ended_at) FROM queuectl.attempts),
    (SELECT max(heartbeat_at) FROM queuectl.workers),
    0
) AS newest, queuectl.now_us() AS now
