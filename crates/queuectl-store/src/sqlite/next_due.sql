SELECT ready_at FROM jobs WHERE state = 3 ORDER BY ready_at LIMIT 1
