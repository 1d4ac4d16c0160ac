-- Saves jobs that were loaded as finished and aren't now, if they are still as they were loaded.
WITH new AS MATERIALIZED (
    SELECT * FROM queuectl.changed($1::bigint[], $2::pg_catalog.text[], $3::pg_catalog.bytea[], $4::pg_catalog.bytea[])
), gone AS (
    DELETE FROM queuectl.finished USING new
    WHERE finished.seq = new.seq AND finished.state = new.old_state
    RETURNING 1
), added AS (
    INSERT INTO queuectl.jobs (
        seq, state, sort_key, ready_at, attempts, crashes,
        started_at, finished_at, exec_time, exit_code, fence, worker, last_error
    )
    SELECT seq, state, sort_key, ready_at, attempts, crashes,
        started_at, finished_at, exec_time, exit_code, fence, worker, last_error
    FROM new
)
SELECT queuectl.expect((SELECT pg_catalog.count(*) FROM gone)::bigint, pg_catalog.cardinality($2)::bigint)
