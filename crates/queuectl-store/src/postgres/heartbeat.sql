UPDATE queuectl.workers SET heartbeat_at = $2 WHERE id = $1 RETURNING id
