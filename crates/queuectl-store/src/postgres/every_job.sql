-- All jobs, in pieces; those whose command is gone, too.
SELECT life.seq, life.state, life.ready_at, life.attempts, life.crashes,
    life.started_at, life.finished_at, life.exec_time, life.exit_code,
    life.fence, life.worker, life.last_error, life.stop,
    specs.priority, specs.timeout, specs.max_retries, specs.backoff_base,
    specs.id, specs.created_at, specs.line, specs.shell, specs.argv, specs.cwd
FROM (
    (SELECT seq, state, ready_at, attempts, crashes,
        started_at, finished_at, exec_time, exit_code, fence, worker, last_error, stop
    FROM queuectl.jobs WHERE seq > $1 ORDER BY seq LIMIT $2::bigint)
    UNION ALL
    (SELECT seq, state, ready_at, attempts, crashes,
        started_at, finished_at, exec_time, exit_code, NULL, worker, last_error, NULL
    FROM queuectl.finished WHERE seq > $1 ORDER BY seq LIMIT $2::bigint)
) AS life LEFT JOIN queuectl.specs ON specs.seq = life.seq
ORDER BY life.seq LIMIT $2::bigint
