-- What is left of a lease counts from now, if its worker was last heard of in the future: the clock was set back since. In the
-- order of their names, as others may do the same.
WITH early AS (
    SELECT id FROM queuectl.workers WHERE heartbeat_at > $1 ORDER BY id FOR NO KEY UPDATE
)
UPDATE queuectl.workers SET heartbeat_at = $1, lease_until = $1 + lease_until - heartbeat_at
FROM early WHERE workers.id = early.id AND heartbeat_at > $1
