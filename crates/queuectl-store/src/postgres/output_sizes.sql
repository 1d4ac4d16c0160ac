SELECT fence, pg_catalog.sum(pg_catalog.length(data))::bigint AS size
FROM queuectl.output WHERE fence = ANY ($1) GROUP BY fence
