-- Takes what lies between the two offsets out of what is kept; pieces that lie half in it are cut.
WITH cut AS (
    DELETE FROM queuectl.output USING unnest($1::bigint[], $2::bigint[], $3::bigint[]) AS gone (fence, begins, ends)
    WHERE output.fence = gone.fence
        AND output.begins < gone.ends AND output.begins + pg_catalog.length(output.data) > gone.begins
    RETURNING output.fence, output.begins, output.stream, output.data,
        gone.begins AS gone_from, gone.ends AS gone_to
)
INSERT INTO queuectl.output (fence, begins, stream, data)
SELECT fence, begins, stream, pg_catalog.substr(data, 1, (gone_from - begins)::integer)
FROM cut WHERE begins < gone_from
UNION ALL
SELECT fence, gone_to, stream, pg_catalog.substr(data, (gone_to - begins)::integer + 1)
FROM cut WHERE begins + pg_catalog.length(data) > gone_to
