SELECT count(*) FROM jobs
WHERE (state = 0 AND ready_at > ?1) OR (state = 3 AND ready_at > ?1 AND finished_at > ?1)
