DELETE FROM commands WHERE NOT EXISTS (SELECT 1 FROM jobs WHERE jobs.seq = commands.seq)
