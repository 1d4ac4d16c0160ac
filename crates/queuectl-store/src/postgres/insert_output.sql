INSERT INTO queuectl.output (fence, begins, stream, data)
SELECT * FROM unnest($1::bigint[], $2::bigint[], $3::bigint[], $4::pg_catalog.bytea[])
ON CONFLICT (fence, begins) DO UPDATE SET stream = excluded.stream, data = excluded.data
