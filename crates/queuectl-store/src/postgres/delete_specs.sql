DELETE FROM queuectl.specs WHERE seq = ANY ($1)
