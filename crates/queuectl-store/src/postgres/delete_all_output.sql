DELETE FROM queuectl.output
