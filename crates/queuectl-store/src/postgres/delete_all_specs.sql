DELETE FROM queuectl.specs
