-- What jobs are that were loaded without, each with a fence.
SELECT seq, id, created_at, line, shell, argv, cwd, pg_catalog.nextval('queuectl.fences') AS new_fence
FROM queuectl.specs WHERE seq = ANY ($1)
