-- As held.sql. They can't be deleted until what they print is kept.
SELECT jobs.seq, jobs.state, jobs.ready_at, jobs.attempts, jobs.crashes,
    jobs.started_at, jobs.finished_at, jobs.exec_time, jobs.exit_code,
    jobs.fence, jobs.worker, jobs.last_error, jobs.stop,
    specs.priority, specs.timeout, specs.max_retries, specs.backoff_base
FROM unnest($1::bigint[], $2::bigint[]) AS held (seq, fence)
JOIN queuectl.jobs ON jobs.seq = held.seq AND jobs.fence = held.fence
JOIN queuectl.specs ON specs.seq = held.seq
ORDER BY jobs.seq FOR KEY SHARE OF jobs
