SELECT fence, begins, stream, data FROM queuectl.output WHERE fence = ANY ($1) ORDER BY fence, begins
