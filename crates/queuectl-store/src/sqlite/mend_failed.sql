-- They wait as long as they would have, from now on, as if the attempt had ended now.
UPDATE jobs
SET sort_key = sort_key - (finished_at - ?1), ready_at = ready_at - (finished_at - ?1), finished_at = ?1
WHERE state = 3 AND ready_at > ?1 AND finished_at > ?1
