SELECT queuectl.wake_one() FROM pg_catalog.generate_series(1, (SELECT pg_catalog.count(*) FROM queuectl.waiters))
