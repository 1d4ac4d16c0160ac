SELECT worker, id FROM jobs
WHERE state = 1 AND NOT EXISTS (SELECT 1 FROM workers WHERE workers.id = jobs.worker)
ORDER BY worker, seq
