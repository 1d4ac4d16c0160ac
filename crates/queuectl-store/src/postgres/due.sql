SELECT due.seq, specs.id, due.state, due.ready_at,
    specs.priority, due.timeout, specs.max_retries, specs.backoff_base,
    due.attempts, due.crashes, specs.created_at,
    due.started_at, due.finished_at, due.exec_time, due.exit_code,
    due.fence, due.worker, due.last_error, due.stop
FROM queuectl.due() AS due JOIN queuectl.specs ON specs.seq = due.seq
