SELECT * FROM queuectl.whole_jobs WHERE id = $1
