INSERT INTO queuectl.waiters (id, channel, until)
VALUES (nextval('queuectl.waiter_numbers'), $1, clock_timestamp() + interval '60 seconds')
RETURNING id
