-- For one transaction, ahead of all else in it that has an operator: operators can't be named with their schema everywhere.
SELECT pg_catalog.set_config('search_path', 'pg_catalog, pg_temp', true)
