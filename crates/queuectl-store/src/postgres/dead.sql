SELECT finished.seq, specs.id, finished.state, finished.ready_at,
    specs.priority, finished.timeout, specs.max_retries, specs.backoff_base,
    finished.attempts, finished.crashes, specs.created_at,
    finished.started_at, finished.finished_at, finished.exec_time, finished.exit_code,
    NULL::bigint AS fence, finished.worker, finished.last_error, NULL::pg_catalog.bytea AS stop
FROM queuectl.finished JOIN queuectl.specs ON specs.seq = finished.seq
WHERE finished.state = 4 AND finished.seq > $1
ORDER BY finished.seq LIMIT $2::bigint
