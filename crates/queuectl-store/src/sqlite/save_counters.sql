UPDATE counters
SET pending = ?1, processing = ?2, completed = ?3, failed = ?4, dead = ?5,
    last_job = ?6, last_fence = ?7, fences_reserved = ?8, settings_changes = ?9
