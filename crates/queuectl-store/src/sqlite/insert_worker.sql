INSERT OR REPLACE INTO workers (
    id, pid, pid_started, host, slots, life, started_at, heartbeat_at, stop
) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?7, NULL)
