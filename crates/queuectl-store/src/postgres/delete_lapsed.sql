-- It may come back, so it is remembered whether it is to stop.
WITH lapsed AS (
    DELETE FROM queuectl.workers WHERE id = $1 AND lease_until <= queuectl.now_us() RETURNING id, stop
)
INSERT INTO queuectl.lost_workers (id, stop, since) SELECT id, stop, queuectl.now_us() FROM lapsed
ON CONFLICT (id) DO UPDATE SET stop = excluded.stop, since = excluded.since
RETURNING id
