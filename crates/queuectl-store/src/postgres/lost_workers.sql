SELECT id FROM queuectl.lost_workers ORDER BY id
