-- As held.sql. They can't be deleted until what they print is kept.
SELECT jobs.seq, specs.id, jobs.state, jobs.ready_at,
    specs.priority, jobs.timeout, specs.max_retries, specs.backoff_base,
    jobs.attempts, jobs.crashes, specs.created_at,
    jobs.started_at, jobs.finished_at, jobs.exec_time, jobs.exit_code,
    jobs.fence, jobs.worker, jobs.last_error, jobs.stop
FROM unnest($1::bigint[], $2::bigint[]) AS held (seq, fence)
JOIN queuectl.jobs ON jobs.seq = held.seq AND jobs.fence = held.fence
JOIN queuectl.specs ON specs.seq = held.seq
ORDER BY jobs.seq FOR KEY SHARE OF jobs
