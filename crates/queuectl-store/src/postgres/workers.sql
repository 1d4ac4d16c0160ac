SELECT id, pid, pid_started, host, machine, version, slots, life, started_at, heartbeat_at, stop,
    trouble, trouble_since,
    greatest(lease_until - (SELECT queuectl.now_us()), 0) AS lease_left, (
        SELECT pg_catalog.count(*) FROM queuectl.jobs
        WHERE jobs.state = 1 AND jobs.fence >= (SELECT last_value FROM queuectl.fence_floor)
            AND jobs.worker = workers.id
    ) AS running
FROM queuectl.workers ORDER BY started_at, id
