INSERT INTO queuectl.specs (
    seq, id, line, shell, argv, cwd, priority, max_retries, backoff_base, created_at
)
SELECT * FROM unnest(
    $1::bigint[], $2::text[], $3::text[], $4::text[], $5::bytea[], $6::bytea[],
    $7::bigint[], $8::bigint[], $9::bigint[], $10::bigint[]
)
