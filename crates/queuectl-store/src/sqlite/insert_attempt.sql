INSERT INTO attempts (
    seq, fence, attempt, worker, started_at, ended_at,
    outcome, exit_code, signal, error, exec_time
) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11)
