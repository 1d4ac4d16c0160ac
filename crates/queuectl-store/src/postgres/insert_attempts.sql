INSERT INTO queuectl.attempts (
    seq, fence, attempt, started_at, ended_at,
    outcome, exit_code, signal, exec_time, worker, error
)
SELECT numbers[row][1], numbers[row][2], numbers[row][3], numbers[row][4], numbers[row][5],
    numbers[row][6], queuectl.or_null(numbers[row][7]), queuectl.or_null(numbers[row][8]), numbers[row][9],
    worker, error
FROM (SELECT $1::bigint[] AS numbers) AS given,
    unnest($2::pg_catalog.text[], $3::pg_catalog.bytea[]) WITH ORDINALITY AS texts (worker, error, row)
