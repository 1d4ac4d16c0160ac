SELECT * FROM queuectl.whole_jobs ORDER BY seq DESC LIMIT $1::bigint
