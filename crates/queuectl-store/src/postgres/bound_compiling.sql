-- For one transaction: no statement is worth compiling (see bounds.rs).
SELECT pg_catalog.set_config('jit', 'off', true)
