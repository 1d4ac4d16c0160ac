DELETE FROM queuectl.output WHERE fence IN (SELECT fence FROM queuectl.attempts WHERE seq = ANY ($1))
