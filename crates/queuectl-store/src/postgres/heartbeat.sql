-- A lease never becomes shorter: its worker may not have heard of the last renewal.
UPDATE queuectl.workers SET heartbeat_at = $2, lease_until = greatest(lease_until, $2 + $3::bigint) WHERE id = $1
RETURNING id
