-- Goes inside, as long as the transaction lasts, and tells when all of it happens.
SELECT queuectl.enter(), queuectl.now_us() AS now, (
        SELECT coalesce(pg_catalog.sum(changed), 0)::bigint FROM queuectl.settings
    ) AS settings_changes
