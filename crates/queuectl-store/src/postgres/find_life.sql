SELECT seq, state, ready_at, attempts, crashes, started_at, finished_at, exec_time, exit_code, fence, worker, last_error, stop,
    priority, timeout, max_retries, backoff_base
FROM queuectl.whole_jobs WHERE id = $1
