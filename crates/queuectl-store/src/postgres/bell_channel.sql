-- A name that no other bell has.
SELECT 'queuectl_' || 'queuectl.waiters'::regclass::oid || '_' || nextval('queuectl.waiter_numbers')
