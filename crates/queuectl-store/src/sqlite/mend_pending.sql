-- The order goes with the time: it is that time less a constant.
UPDATE jobs SET sort_key = sort_key - (ready_at - ?2), ready_at = ?2
WHERE state = 0 AND ready_at > ?1
