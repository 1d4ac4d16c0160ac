SELECT id, pid, pid_started, host, machine, version, slots, life, started_at, heartbeat_at, stop,
    trouble, trouble_since, (
        SELECT count(*) FROM jobs WHERE jobs.state = 1 AND jobs.worker = workers.id
    ) AS running
FROM workers ORDER BY started_at, id
