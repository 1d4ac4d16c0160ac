SELECT id FROM jobs WHERE state = 4 AND state <> 1 ORDER BY seq
