-- Waits until whatever this worker has begun before is over.
SELECT FROM queuectl.workers WHERE id = $1 FOR UPDATE
