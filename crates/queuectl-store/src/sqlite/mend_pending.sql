-- The order goes with the time: it is that time less a constant, ten minutes at most. So the index finds them.
UPDATE jobs SET sort_key = sort_key - (ready_at - ?1), ready_at = ?1
WHERE state = 0 AND sort_key > ?1 - 600000000 AND ready_at > ?1
