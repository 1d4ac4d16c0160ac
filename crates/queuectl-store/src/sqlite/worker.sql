SELECT heartbeat_at, stop FROM workers WHERE id = ?1
