SELECT seq, finished_at FROM queuectl.completed_before($1::bigint, $2::bigint, $3::bigint)
