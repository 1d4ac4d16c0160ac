SELECT jobs.seq, jobs.state, jobs.ready_at, jobs.attempts, jobs.crashes,
    jobs.started_at, jobs.finished_at, jobs.exec_time, jobs.exit_code,
    jobs.fence, jobs.worker, jobs.last_error, jobs.stop,
    specs.priority, specs.timeout, specs.max_retries, specs.backoff_base
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
