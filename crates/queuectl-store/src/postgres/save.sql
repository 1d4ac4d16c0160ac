-- Saves jobs that were loaded as not finished and aren't now, if they are still as they were loaded.
WITH new AS (
    SELECT numbers[row][1] AS seq, numbers[row][2] AS old_state, queuectl.or_null(numbers[row][3]) AS old_fence,
        numbers[row][4] AS state, numbers[row][5] AS sort_key, numbers[row][6] AS ready_at,
        numbers[row][7] AS timeout, numbers[row][8] AS attempts, numbers[row][9] AS crashes,
        queuectl.or_null(numbers[row][10]) AS started_at, queuectl.or_null(numbers[row][11]) AS finished_at,
        queuectl.or_null(numbers[row][12]) AS exec_time, queuectl.or_null(numbers[row][13]) AS exit_code,
        queuectl.or_null(numbers[row][14]) AS fence, numbers[row][15] <> 0 AS was_to_stop,
        worker, last_error, stop
    FROM (SELECT $1::bigint[] AS numbers) AS given,
        unnest($2::text[], $3::bytea[], $4::bytea[]) WITH ORDINALITY AS texts (worker, last_error, stop, row)
), saved AS (
    UPDATE queuectl.jobs
    SET state = new.state, sort_key = new.sort_key, ready_at = new.ready_at, timeout = new.timeout,
        attempts = new.attempts, crashes = new.crashes,
        started_at = new.started_at, finished_at = new.finished_at,
        exec_time = new.exec_time, exit_code = new.exit_code,
        fence = new.fence, worker = new.worker, last_error = new.last_error, stop = new.stop
    FROM new
    WHERE jobs.seq = new.seq AND jobs.state = new.old_state AND jobs.fence IS NOT DISTINCT FROM new.old_fence
        AND (jobs.stop IS NOT NULL) = new.was_to_stop
    RETURNING 1
)
SELECT queuectl.expect((SELECT count(*) FROM saved), cardinality($2))
