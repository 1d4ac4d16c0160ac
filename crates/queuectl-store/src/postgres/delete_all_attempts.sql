DELETE FROM queuectl.attempts
