DELETE FROM commands WHERE seq = ?1
