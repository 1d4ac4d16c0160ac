DELETE FROM queuectl.finished
