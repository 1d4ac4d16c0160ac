SELECT seq FROM jobs WHERE state = 2 AND finished_at < ?1 ORDER BY finished_at LIMIT ?2
