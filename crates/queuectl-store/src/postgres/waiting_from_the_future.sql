SELECT jobs.seq, specs.id, jobs.state, jobs.ready_at,
    specs.priority, jobs.timeout, specs.max_retries, specs.backoff_base,
    jobs.attempts, jobs.crashes, specs.created_at,
    jobs.started_at, jobs.finished_at, jobs.exec_time, jobs.exit_code,
    jobs.fence, jobs.worker, jobs.last_error, jobs.stop
FROM (
    (
        SELECT seq FROM queuectl.jobs
        WHERE state = 0 AND sort_key > $2::bigint AND ready_at > $1::bigint AND seq > $3::bigint
    ) UNION ALL (
        SELECT seq FROM queuectl.jobs
        WHERE state = 3 AND ready_at > $1::bigint AND finished_at > $1::bigint AND seq > $3::bigint
    )
) AS early
JOIN queuectl.jobs ON jobs.seq = early.seq
JOIN queuectl.specs ON specs.seq = early.seq
ORDER BY jobs.seq LIMIT $4::bigint FOR UPDATE OF jobs
