LOCK TABLE queuectl.specs, queuectl.jobs, queuectl.finished, queuectl.attempts, queuectl.output IN EXCLUSIVE MODE
