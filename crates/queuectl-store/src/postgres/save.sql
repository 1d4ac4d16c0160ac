-- Saves jobs that were loaded as not finished and aren't now, if they are still as they were loaded.
WITH saved AS (
    UPDATE queuectl.jobs
    SET state = new.state, sort_key = new.sort_key, ready_at = new.ready_at,
        attempts = new.attempts, crashes = new.crashes,
        started_at = new.started_at, finished_at = new.finished_at,
        exec_time = new.exec_time, exit_code = new.exit_code,
        fence = new.fence, worker = new.worker, last_error = new.last_error, stop = new.stop
    FROM queuectl.changed($1::bigint[], $2::pg_catalog.text[], $3::pg_catalog.bytea[], $4::pg_catalog.bytea[]) AS new
    WHERE jobs.seq = new.seq AND jobs.state = new.old_state AND jobs.fence IS NOT DISTINCT FROM new.old_fence
        AND (jobs.stop IS NOT NULL) = new.was_to_stop
    RETURNING 1
)
SELECT queuectl.expect((SELECT pg_catalog.count(*) FROM saved)::bigint, pg_catalog.cardinality($2)::bigint)
