SELECT seq FROM jobs
WHERE state = 0 AND sort_key > ?2 AND ready_at > ?1
ORDER BY sort_key, seq
