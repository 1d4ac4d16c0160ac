SELECT seq FROM jobs WHERE state = 3 AND ready_at <= ?1 ORDER BY ready_at, seq LIMIT ?2
