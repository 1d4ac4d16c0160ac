SELECT coalesce(pg_catalog.sum(pending), 0)::bigint AS pending,
    coalesce(pg_catalog.sum(processing), 0)::bigint AS processing,
    coalesce(pg_catalog.sum(completed), 0)::bigint AS completed,
    coalesce(pg_catalog.sum(failed), 0)::bigint AS failed,
    coalesce(pg_catalog.sum(dead), 0)::bigint AS dead
FROM queuectl.count_changes
