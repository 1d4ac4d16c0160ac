WITH due AS (
    SELECT seq, state, ready_at, timeout, attempts, crashes,
        started_at, finished_at, exec_time, exit_code, fence, worker, last_error
    FROM queuectl.jobs
    WHERE state = 3 AND ready_at >= (SELECT last_value FROM queuectl.failed_floor)
        AND ready_at <= (SELECT queuectl.now_us())
    ORDER BY ready_at, seq LIMIT 1000 FOR UPDATE SKIP LOCKED
)
SELECT due.seq, specs.id, due.state, due.ready_at,
    specs.priority, due.timeout, specs.max_retries, specs.backoff_base,
    due.attempts, due.crashes, specs.created_at,
    due.started_at, due.finished_at, due.exec_time, due.exit_code,
    due.fence, due.worker, due.last_error
FROM due JOIN queuectl.specs ON specs.seq = due.seq
