SELECT jobs.worker, specs.id FROM queuectl.jobs JOIN queuectl.specs ON specs.seq = jobs.seq
WHERE jobs.state = 1 AND NOT EXISTS (SELECT FROM queuectl.workers WHERE workers.id = jobs.worker)
ORDER BY jobs.worker, jobs.seq
