SELECT id FROM queuectl.waiters WHERE id = ANY ($1)
