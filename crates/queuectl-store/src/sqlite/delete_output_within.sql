DELETE FROM output
WHERE fence = ?1 AND offset >= ?2 AND offset < ?3 AND offset + length(data) <= ?3
