SELECT due.seq, due.state, due.ready_at, due.attempts, due.crashes,
    due.started_at, due.finished_at, due.exec_time, due.exit_code,
    due.fence, due.worker, due.last_error, due.stop,
    specs.priority, specs.timeout, specs.max_retries, specs.backoff_base
FROM queuectl.due() AS due JOIN queuectl.specs ON specs.seq = due.seq
