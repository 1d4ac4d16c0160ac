SELECT id FROM queuectl.specs WHERE id = ANY ($1)
