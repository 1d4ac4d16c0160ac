SELECT offset, stream, data FROM output WHERE fence = ?1 ORDER BY offset
