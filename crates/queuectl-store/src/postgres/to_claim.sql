-- Each comes with a fence of its own, in case it is claimed.
SELECT first.seq, specs.id, first.state, first.ready_at,
    specs.priority, first.timeout, specs.max_retries, specs.backoff_base,
    first.attempts, first.crashes, specs.created_at,
    first.started_at, first.finished_at, first.exec_time, first.exit_code,
    first.fence, first.worker, first.last_error, first.stop,
    specs.line, specs.shell, specs.argv, specs.cwd, pg_catalog.nextval('queuectl.fences') AS new_fence
FROM queuectl.first($1::bigint) AS first JOIN queuectl.specs ON specs.seq = first.seq
