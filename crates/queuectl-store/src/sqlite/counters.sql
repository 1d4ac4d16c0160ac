SELECT pending, processing, completed, failed, dead,
    last_job, last_fence, settings_changes
FROM counters
