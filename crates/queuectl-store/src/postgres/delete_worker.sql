DELETE FROM queuectl.workers WHERE id = $1 RETURNING id
