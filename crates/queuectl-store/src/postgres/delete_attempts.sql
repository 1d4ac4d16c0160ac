DELETE FROM queuectl.attempts WHERE seq = ANY ($1)
