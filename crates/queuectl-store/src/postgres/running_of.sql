SELECT jobs.seq, specs.id, jobs.state, jobs.ready_at,
    specs.priority, jobs.timeout, specs.max_retries, specs.backoff_base,
    jobs.attempts, jobs.crashes, specs.created_at,
    jobs.started_at, jobs.finished_at, jobs.exec_time, jobs.exit_code,
    jobs.fence, jobs.worker, jobs.last_error, jobs.stop,
    specs.line, specs.shell, specs.argv, specs.cwd
FROM queuectl.jobs JOIN queuectl.specs ON specs.seq = jobs.seq
WHERE jobs.state = 1 AND jobs.fence >= (SELECT last_value FROM queuectl.fence_floor) AND jobs.worker = $1
ORDER BY jobs.seq
