-- Changes no row if another process has this name.
-- Who was asked to stop is asked so still, if it was lost meanwhile or if this was tried before.
WITH back AS (DELETE FROM queuectl.lost_workers WHERE id = $1 RETURNING stop)
INSERT INTO queuectl.workers (
    id, pid, pid_started, host, slots, life, started_at, heartbeat_at, lease_until, machine, version, stop
) VALUES ($1, $2, $3, $4, $5, $6, $7, $7, $7 + $8::bigint, $9, $10, (SELECT stop FROM back))
ON CONFLICT (id) DO UPDATE
SET pid = excluded.pid, pid_started = excluded.pid_started, host = excluded.host, slots = excluded.slots,
    life = excluded.life, started_at = excluded.started_at, heartbeat_at = excluded.heartbeat_at,
    lease_until = excluded.lease_until, machine = excluded.machine, version = excluded.version,
    stop = greatest(workers.stop, excluded.stop), trouble = NULL, trouble_since = NULL
WHERE (workers.pid, workers.pid_started, workers.machine) = (excluded.pid, excluded.pid_started, excluded.machine)
RETURNING id
