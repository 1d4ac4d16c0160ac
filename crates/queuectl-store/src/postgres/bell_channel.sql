-- A name that no other bell has.
SELECT pg_catalog.format(
    'queuectl_%s_%s', 'queuectl.waiters'::pg_catalog.regclass::pg_catalog.oid, pg_catalog.nextval('queuectl.waiter_numbers')
) AS channel
