SELECT completed_before FROM queuectl.completed_before($1, $2)
