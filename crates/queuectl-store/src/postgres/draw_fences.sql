SELECT nextval('queuectl.fences') AS fence FROM generate_series(1, $1::bigint)
