-- Adds jobs that haven't begun to run.
WITH new AS MATERIALIZED (
    SELECT numbers[row][1] AS seq, numbers[row][2] AS priority, numbers[row][3] AS timeout, numbers[row][4] AS max_retries,
        numbers[row][5] AS backoff_base, numbers[row][6] AS created_at,
        numbers[row][7] AS sort_key, numbers[row][8] AS ready_at,
        id, line, shell, argv, cwd
    FROM (SELECT $1::bigint[] AS numbers) AS given,
        unnest($2::pg_catalog.text[], $3::pg_catalog.text[], $4::pg_catalog.text[], $5::pg_catalog.bytea[], $6::pg_catalog.bytea[])
            WITH ORDINALITY AS texts (id, line, shell, argv, cwd, row)
), specs AS (
    INSERT INTO queuectl.specs (
        seq, id, line, shell, argv, cwd, priority, timeout, max_retries, backoff_base, created_at
    )
    SELECT seq, id, line, shell, argv, cwd, priority, timeout, max_retries, backoff_base, created_at FROM new
)
INSERT INTO queuectl.jobs (seq, sort_key, ready_at)
SELECT seq, sort_key, ready_at FROM new
