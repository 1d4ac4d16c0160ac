SELECT jobs.seq, jobs.state, jobs.ready_at, jobs.attempts, jobs.crashes,
    jobs.started_at, jobs.finished_at, jobs.exec_time, jobs.exit_code,
    jobs.fence, jobs.worker, jobs.last_error, jobs.stop,
    jobs.priority, jobs.timeout, jobs.max_retries, jobs.backoff_base,
    jobs.id
FROM jobs WHERE jobs.seq = ?1
