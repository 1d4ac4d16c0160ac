INSERT INTO queuectl.jobs (seq, sort_key, ready_at, timeout)
SELECT * FROM unnest($1::bigint[], $2::bigint[], $3::bigint[], $4::bigint[])
