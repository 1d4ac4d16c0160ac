UPDATE queuectl.workers SET trouble = $2,
    trouble_since = CASE WHEN $2::pg_catalog.bytea IS NOT NULL THEN coalesce(trouble_since, queuectl.now_us()) END
WHERE id = $1
