SELECT seq FROM jobs WHERE state = ?2 AND state <> 1 ORDER BY seq DESC LIMIT ?1
