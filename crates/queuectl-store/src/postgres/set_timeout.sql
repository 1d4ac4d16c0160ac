UPDATE queuectl.specs SET timeout = $2 WHERE seq = ANY ($1)
