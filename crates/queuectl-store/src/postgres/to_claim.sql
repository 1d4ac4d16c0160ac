-- Each comes with a fence of its own, in case it is claimed.
SELECT first.seq, first.state, first.ready_at, first.attempts, first.crashes,
    first.started_at, first.finished_at, first.exec_time, first.exit_code,
    first.fence, first.worker, first.last_error, first.stop,
    specs.priority, specs.timeout, specs.max_retries, specs.backoff_base,
    specs.id, specs.created_at, specs.line, specs.shell, specs.argv, specs.cwd, pg_catalog.nextval('queuectl.fences') AS new_fence
FROM queuectl.first($1::bigint) AS first JOIN queuectl.specs ON specs.seq = first.seq
