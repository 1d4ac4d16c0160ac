DELETE FROM queuectl.workers WHERE id = $1 AND lease_until <= queuectl.now_us() RETURNING id
