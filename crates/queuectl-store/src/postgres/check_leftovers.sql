SELECT (
        SELECT pg_catalog.count(*) FROM queuectl.attempts
        WHERE NOT EXISTS (SELECT FROM queuectl.jobs WHERE jobs.seq = attempts.seq)
            AND NOT EXISTS (SELECT FROM queuectl.finished WHERE finished.seq = attempts.seq)
    ) + (
        SELECT pg_catalog.count(*) FROM queuectl.specs
        WHERE NOT EXISTS (SELECT FROM queuectl.jobs WHERE jobs.seq = specs.seq)
            AND NOT EXISTS (SELECT FROM queuectl.finished WHERE finished.seq = specs.seq)
    ) + (
        SELECT pg_catalog.count(*) FROM queuectl.output
        WHERE NOT EXISTS (
                SELECT FROM queuectl.attempts JOIN queuectl.specs USING (seq) JOIN (
                    SELECT seq FROM queuectl.jobs UNION ALL SELECT seq FROM queuectl.finished
                ) AS life USING (seq)
                WHERE attempts.fence = output.fence
            )
            AND NOT EXISTS (SELECT FROM queuectl.jobs WHERE jobs.state = 1 AND jobs.fence = output.fence)
    ) AS left_over
