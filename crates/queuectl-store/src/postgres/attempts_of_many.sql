SELECT seq, fence, attempt, worker, started_at, ended_at,
    outcome, exit_code, signal, error, exec_time
FROM queuectl.attempts WHERE seq = ANY ($1)
