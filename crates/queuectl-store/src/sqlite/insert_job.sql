INSERT INTO jobs (
    seq, id, state, sort_key, ready_at,
    priority, timeout, max_retries, backoff_base,
    attempts, crashes, created_at
) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12)
ON CONFLICT (id) DO NOTHING
