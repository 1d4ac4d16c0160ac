SELECT finished.seq, finished.state, finished.ready_at, finished.attempts, finished.crashes,
    finished.started_at, finished.finished_at, finished.exec_time, finished.exit_code,
    NULL::bigint AS fence, finished.worker, finished.last_error, NULL::pg_catalog.bytea AS stop,
    specs.priority, specs.timeout, specs.max_retries, specs.backoff_base, specs.id
FROM queuectl.finished JOIN queuectl.specs ON specs.seq = finished.seq
WHERE finished.state = 4 AND finished.seq > $1
ORDER BY finished.seq LIMIT $2::bigint
