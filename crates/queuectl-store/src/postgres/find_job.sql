SELECT seq, id, state, ready_at, priority, timeout, max_retries, backoff_base,
    attempts, crashes, created_at, started_at, finished_at, exec_time, exit_code,
    fence, worker, last_error, stop, line, shell, argv, cwd
FROM queuectl.whole_jobs WHERE id = $1
