SELECT seq FROM jobs WHERE state = 1 AND worker = ?1 ORDER BY seq
