UPDATE jobs SET timeout = ?2 WHERE seq = ?1
