-- A name that no other bell has.
SELECT pg_catalog.format(
    'queuectl_%s_%s', 'queuectl.waiters'::regclass::oid, pg_catalog.nextval('queuectl.waiter_numbers')
) AS channel
