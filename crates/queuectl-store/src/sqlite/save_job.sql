-- The id is not set again, so that its index is left alone.
UPDATE jobs
SET state = ?2, sort_key = ?3, ready_at = ?4, timeout = ?5,
    attempts = ?6, crashes = ?7,
    started_at = ?8, finished_at = ?9, exec_time = ?10, exit_code = ?11,
    fence = ?12, worker = ?13, last_error = ?14, stop = ?15
WHERE seq = ?1
