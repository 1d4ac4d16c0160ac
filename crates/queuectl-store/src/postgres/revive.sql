-- Saves jobs that were loaded as finished and aren't now, if they are still as they were loaded.
WITH new AS MATERIALIZED (
    SELECT numbers[row][1] AS seq, numbers[row][2] AS old_state, queuectl.or_null(numbers[row][3]) AS old_fence,
        numbers[row][4] AS state, numbers[row][5] AS sort_key, numbers[row][6] AS ready_at,
        numbers[row][7] AS timeout, numbers[row][8] AS attempts, numbers[row][9] AS crashes,
        queuectl.or_null(numbers[row][10]) AS started_at, queuectl.or_null(numbers[row][11]) AS finished_at,
        queuectl.or_null(numbers[row][12]) AS exec_time, queuectl.or_null(numbers[row][13]) AS exit_code,
        queuectl.or_null(numbers[row][14]) AS fence, numbers[row][15] <> 0 AS was_to_stop,
        worker, last_error, stop
    FROM (SELECT $1::bigint[] AS numbers) AS given,
        unnest($2::text[], $3::bytea[], $4::bytea[]) WITH ORDINALITY AS texts (worker, last_error, stop, row)
), gone AS (
    DELETE FROM queuectl.finished USING new
    WHERE finished.seq = new.seq AND finished.state = new.old_state
    RETURNING 1
), added AS (
    INSERT INTO queuectl.jobs (
        seq, state, sort_key, ready_at, timeout, attempts, crashes,
        started_at, finished_at, exec_time, exit_code, fence, worker, last_error
    )
    SELECT seq, state, sort_key, ready_at, timeout, attempts, crashes,
        started_at, finished_at, exec_time, exit_code, fence, worker, last_error
    FROM new
)
SELECT queuectl.expect((SELECT count(*) FROM gone), cardinality($2))
