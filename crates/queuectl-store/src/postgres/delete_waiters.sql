DELETE FROM queuectl.waiters WHERE id = ANY ($1) RETURNING id
