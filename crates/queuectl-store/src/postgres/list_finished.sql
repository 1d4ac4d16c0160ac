SELECT whole.seq, id, whole.state, ready_at, priority, timeout, max_retries, backoff_base,
    attempts, crashes, created_at, started_at, finished_at, exec_time, exit_code,
    fence, worker, last_error, stop, line, shell, argv, cwd
FROM (SELECT seq FROM queuectl.finished WHERE state = $2 ORDER BY seq DESC LIMIT $1::bigint) AS fits
JOIN queuectl.whole_jobs AS whole ON whole.seq = fits.seq
ORDER BY whole.seq DESC
