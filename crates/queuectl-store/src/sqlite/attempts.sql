SELECT fence, attempt, worker, started_at, ended_at,
    outcome, exit_code, signal, error, exec_time
FROM attempts WHERE seq = ?1 ORDER BY fence
