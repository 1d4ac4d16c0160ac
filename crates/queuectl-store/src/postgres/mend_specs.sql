DELETE FROM queuectl.specs
WHERE NOT EXISTS (SELECT FROM queuectl.jobs WHERE jobs.seq = specs.seq)
    AND NOT EXISTS (SELECT FROM queuectl.finished WHERE finished.seq = specs.seq)
