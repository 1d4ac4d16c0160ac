SELECT (
        SELECT count(*) FROM attempts
        WHERE NOT EXISTS (SELECT 1 FROM jobs WHERE jobs.seq = attempts.seq)
    ) + (
        SELECT count(*) FROM commands
        WHERE NOT EXISTS (SELECT 1 FROM jobs WHERE jobs.seq = commands.seq)
    ) + (
        SELECT count(*) FROM output
        WHERE fence NOT IN (SELECT fence FROM attempts WHERE seq IN (SELECT seq FROM jobs))
            AND fence NOT IN (SELECT fence FROM jobs WHERE state = 1 AND fence IS NOT NULL)
    ) AS left_over
