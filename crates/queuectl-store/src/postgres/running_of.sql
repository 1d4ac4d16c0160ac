SELECT jobs.seq, jobs.state, jobs.ready_at, jobs.attempts, jobs.crashes,
    jobs.started_at, jobs.finished_at, jobs.exec_time, jobs.exit_code,
    jobs.fence, jobs.worker, jobs.last_error, jobs.stop,
    specs.priority, specs.timeout, specs.max_retries, specs.backoff_base, specs.id
FROM queuectl.jobs JOIN queuectl.specs ON specs.seq = jobs.seq
WHERE jobs.state = 1 AND jobs.fence >= (SELECT last_value FROM queuectl.fence_floor) AND jobs.worker = $1
ORDER BY jobs.seq
