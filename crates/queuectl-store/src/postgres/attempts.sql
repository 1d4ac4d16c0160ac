-- The running one is told of by its job, which is read together with them.
SELECT attempts.fence, attempts.attempt, attempts.worker, attempts.started_at, attempts.ended_at,
    attempts.outcome, attempts.exit_code, attempts.signal, attempts.error, attempts.exec_time
FROM queuectl.specs JOIN queuectl.attempts ON attempts.seq = specs.seq
WHERE specs.id = $1 ORDER BY attempts.fence
