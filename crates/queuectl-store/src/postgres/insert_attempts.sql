INSERT INTO queuectl.attempts (
    seq, fence, attempt, started_at, ended_at,
    outcome, exit_code, signal, exec_time, worker, error
)
SELECT * FROM unnest(
    $1::bigint[], $2::bigint[], $3::bigint[], $4::bigint[], $5::bigint[],
    $6::bigint[], $7::bigint[], $8::bigint[], $9::bigint[], $10::text[], $11::bytea[]
)
