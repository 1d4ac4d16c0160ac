INSERT INTO queuectl.waiters (id, channel, until)
VALUES (pg_catalog.nextval('queuectl.waiter_numbers'), $1, pg_catalog.clock_timestamp() + interval '60 seconds')
RETURNING id
