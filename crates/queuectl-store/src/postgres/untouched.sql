-- Skips jobs that another transaction has locked: it may be about to claim them.
WITH within AS (
    SELECT seq, state, ready_at, attempts, crashes,
        started_at, finished_at, exec_time, exit_code, fence, worker, last_error, stop
    FROM queuectl.jobs WHERE seq BETWEEN $1 AND $2 AND state = 0
    ORDER BY seq FOR UPDATE
)
SELECT within.seq, within.state, within.ready_at, within.attempts, within.crashes,
    within.started_at, within.finished_at, within.exec_time, within.exit_code,
    within.fence, within.worker, within.last_error, within.stop,
    specs.priority, specs.timeout, specs.max_retries, specs.backoff_base
FROM within JOIN queuectl.specs ON specs.seq = within.seq
