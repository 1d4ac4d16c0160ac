-- Who hasn't come back within a month, in microseconds, won't.
DELETE FROM queuectl.lost_workers WHERE since < (SELECT queuectl.now_us()) - 2592000000000
