-- The piece that begins last before ?2 may reach beyond it.
SELECT offset, stream, data FROM output
WHERE fence = ?1 AND offset < ?3 AND offset >= coalesce(
    (SELECT max(offset) FROM output WHERE fence = ?1 AND offset <= ?2), 0
)
ORDER BY offset
