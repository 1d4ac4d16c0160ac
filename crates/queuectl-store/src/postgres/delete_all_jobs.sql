DELETE FROM queuectl.jobs
