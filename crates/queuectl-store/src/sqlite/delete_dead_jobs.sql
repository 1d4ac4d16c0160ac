DELETE FROM jobs WHERE state = 4 AND state <> 1
