DELETE FROM queuectl.count_changes
