-- A retry is never due before its attempt has ended; one that was mended is.
SELECT count(*) FROM jobs
WHERE (state = 0 AND ready_at > ?1)
    OR (state = 3 AND finished_at > ?1 AND ready_at >= finished_at)
