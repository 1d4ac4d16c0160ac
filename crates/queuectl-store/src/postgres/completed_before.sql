SELECT seq, finished_at FROM queuectl.completed_before($1, $2, $3)
