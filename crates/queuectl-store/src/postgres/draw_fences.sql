SELECT pg_catalog.nextval('queuectl.fences') AS fence FROM pg_catalog.generate_series(1, $1::bigint)
