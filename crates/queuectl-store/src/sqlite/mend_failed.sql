-- They wait as long as they would have, from now on.
UPDATE jobs
SET sort_key = sort_key - (finished_at - ?2), ready_at = ready_at - (finished_at - ?2)
WHERE state = 3 AND finished_at > ?1 AND ready_at >= finished_at
