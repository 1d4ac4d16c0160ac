LOCK TABLE queuectl.jobs, queuectl.finished, queuectl.count_changes IN EXCLUSIVE MODE
