-- The id is not set again, so that its index is left alone.
UPDATE jobs
SET state = ?2, sort_key = ?3, ready_at = ?4, attempts = ?5, crashes = ?6,
    started_at = ?7, finished_at = ?8, exec_time = ?9, exit_code = ?10,
    fence = ?11, worker = ?12, last_error = ?13, stop = ?14
WHERE seq = ?1
