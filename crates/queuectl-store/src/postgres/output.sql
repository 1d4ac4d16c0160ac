SELECT begins, stream, data FROM queuectl.output WHERE fence = $1 ORDER BY begins
