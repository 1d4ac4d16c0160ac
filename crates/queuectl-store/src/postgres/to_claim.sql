-- Each comes with a fence of its own, in case it is claimed.
WITH first AS (
    SELECT seq, state, ready_at, timeout, attempts, crashes,
        started_at, finished_at, exec_time, exit_code, fence, worker, last_error
    FROM queuectl.jobs
    WHERE state = 0 AND sort_key >= (SELECT last_value FROM queuectl.pending_floor)
    ORDER BY sort_key, seq LIMIT $1::bigint FOR UPDATE SKIP LOCKED
)
SELECT first.seq, specs.id, first.state, first.ready_at,
    specs.priority, first.timeout, specs.max_retries, specs.backoff_base,
    first.attempts, first.crashes, specs.created_at,
    first.started_at, first.finished_at, first.exec_time, first.exit_code,
    first.fence, first.worker, first.last_error,
    specs.line, specs.shell, specs.argv, specs.cwd, nextval('queuectl.fences') AS new_fence
FROM first JOIN queuectl.specs ON specs.seq = first.seq
