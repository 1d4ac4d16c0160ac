DELETE FROM queuectl.output
WHERE NOT EXISTS (SELECT FROM queuectl.attempts WHERE attempts.fence = output.fence)
    AND NOT EXISTS (SELECT FROM queuectl.jobs WHERE jobs.state = 1 AND jobs.fence = output.fence)
