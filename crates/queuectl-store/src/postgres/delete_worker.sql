WITH lost AS (DELETE FROM queuectl.lost_workers WHERE id = $1)
DELETE FROM queuectl.workers WHERE id = $1 RETURNING id
