-- Both tables of the Python program's, or fewer.
SELECT count(*) FROM sqlite_schema WHERE type = 'table' AND name IN ('jobs', 'config')
