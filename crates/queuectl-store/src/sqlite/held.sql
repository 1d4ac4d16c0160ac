SELECT 1 FROM jobs WHERE seq = ?1 AND fence = ?2
