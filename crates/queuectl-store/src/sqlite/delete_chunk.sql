DELETE FROM output WHERE fence = ?1 AND offset = ?2
