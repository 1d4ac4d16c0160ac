SELECT queuectl.wake_one() FROM generate_series(1, (SELECT count(*) FROM queuectl.waiters))
