-- Changes no row if another process has this name.
INSERT INTO workers (
    id, pid, pid_started, host, machine, version, slots, life, started_at, heartbeat_at
) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?9)
ON CONFLICT (id) DO UPDATE
SET pid = excluded.pid, pid_started = excluded.pid_started, host = excluded.host, machine = excluded.machine,
    version = excluded.version, slots = excluded.slots, life = excluded.life, started_at = excluded.started_at,
    heartbeat_at = excluded.heartbeat_at, trouble = NULL, trouble_since = NULL
WHERE (workers.pid, workers.pid_started, workers.machine) = (excluded.pid, excluded.pid_started, excluded.machine)
