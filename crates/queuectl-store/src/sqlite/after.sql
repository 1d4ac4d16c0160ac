SELECT seq FROM jobs WHERE seq > ?1 ORDER BY seq LIMIT ?2
