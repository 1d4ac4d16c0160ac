-- For one transaction.
SELECT pg_catalog.set_config('jit', 'off', true)
