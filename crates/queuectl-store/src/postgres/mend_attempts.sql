DELETE FROM queuectl.attempts
WHERE NOT EXISTS (SELECT FROM queuectl.jobs WHERE jobs.seq = attempts.seq)
    AND NOT EXISTS (SELECT FROM queuectl.finished WHERE finished.seq = attempts.seq)
