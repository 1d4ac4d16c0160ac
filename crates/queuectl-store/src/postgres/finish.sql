-- Saves jobs that were loaded as not finished and are now, if they are still as they were loaded.
WITH new AS MATERIALIZED (
    SELECT * FROM queuectl.changed($1::bigint[], $2::pg_catalog.text[], $3::pg_catalog.bytea[], $4::pg_catalog.bytea[])
), gone AS (
    DELETE FROM queuectl.jobs USING new
    WHERE jobs.seq = new.seq AND jobs.state = new.old_state AND jobs.fence IS NOT DISTINCT FROM new.old_fence
        AND (jobs.stop IS NOT NULL) = new.was_to_stop
    RETURNING 1
), added AS (
    INSERT INTO queuectl.finished (
        seq, state, ready_at, attempts, crashes,
        started_at, finished_at, exec_time, exit_code, worker, last_error
    )
    SELECT seq, state, ready_at, attempts, crashes,
        started_at, finished_at, exec_time, exit_code, worker, last_error
    FROM new
)
SELECT queuectl.expect((SELECT pg_catalog.count(*) FROM gone)::bigint, pg_catalog.cardinality($2)::bigint)
