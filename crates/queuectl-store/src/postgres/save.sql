-- Saves jobs that were loaded as not finished and aren't now, if they are still as they were loaded.
WITH saved AS (
    UPDATE queuectl.jobs
    SET state = new.state, sort_key = new.sort_key, ready_at = new.ready_at, timeout = new.timeout,
        attempts = new.attempts, crashes = new.crashes,
        started_at = new.started_at, finished_at = new.finished_at,
        exec_time = new.exec_time, exit_code = new.exit_code,
        fence = new.fence, worker = new.worker, last_error = new.last_error, stop = new.stop
    FROM unnest(
        $1::bigint[], $2::bigint[], $3::bigint[], $4::bigint[], $5::bigint[], $6::bigint[], $7::bigint[],
        $8::bigint[], $9::bigint[], $10::bigint[], $11::bigint[], $12::bigint[], $13::bigint[], $14::bigint[],
        $15::text[], $16::bytea[], $17::boolean[], $18::bytea[]
    ) AS new (
        seq, old_state, old_fence, state, sort_key, ready_at, timeout,
        attempts, crashes, started_at, finished_at, exec_time, exit_code, fence,
        worker, last_error, was_to_stop, stop
    )
    WHERE jobs.seq = new.seq AND jobs.state = new.old_state AND jobs.fence IS NOT DISTINCT FROM new.old_fence
        AND (jobs.stop IS NOT NULL) = new.was_to_stop
    RETURNING 1
)
SELECT queuectl.expect((SELECT count(*) FROM saved), cardinality($1))
