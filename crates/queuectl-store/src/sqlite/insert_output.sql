INSERT OR REPLACE INTO output (fence, offset, stream, data)
VALUES (?1, ?2, ?3, ?4)
