SELECT FROM queuectl.workers WHERE id = $1 FOR SHARE
