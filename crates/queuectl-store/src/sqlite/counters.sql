SELECT pending, processing, completed, failed, dead,
    last_job, last_fence, fences_reserved, settings_changes
FROM counters
