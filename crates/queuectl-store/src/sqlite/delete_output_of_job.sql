DELETE FROM output WHERE fence IN (SELECT fence FROM attempts WHERE seq = ?1)
