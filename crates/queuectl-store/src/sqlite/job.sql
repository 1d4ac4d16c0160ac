SELECT jobs.id, jobs.state, jobs.ready_at,
    jobs.priority, jobs.timeout, jobs.max_retries, jobs.backoff_base,
    jobs.attempts, jobs.crashes, jobs.created_at,
    jobs.started_at, jobs.finished_at, jobs.exec_time, jobs.exit_code,
    jobs.fence, jobs.worker, jobs.last_error, jobs.stop,
    commands.line, commands.shell, commands.argv, commands.cwd
FROM jobs JOIN commands ON commands.seq = jobs.seq
WHERE jobs.seq = ?1
