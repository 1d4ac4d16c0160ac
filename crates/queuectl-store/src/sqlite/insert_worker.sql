INSERT OR REPLACE INTO workers (
    id, pid, pid_started, host, machine, version, slots, life, started_at, heartbeat_at, stop
) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?9, NULL)
