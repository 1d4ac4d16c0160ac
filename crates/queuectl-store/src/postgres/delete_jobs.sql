WITH wanted AS MATERIALIZED (
    SELECT * FROM unnest($1::bigint[], $2::bigint[]) AS wanted (seq, state)
), gone AS (
    DELETE FROM queuectl.jobs USING wanted
    WHERE jobs.seq = wanted.seq AND jobs.state = wanted.state RETURNING 1
), gone_finished AS (
    DELETE FROM queuectl.finished USING wanted
    WHERE finished.seq = wanted.seq AND finished.state = wanted.state RETURNING 1
)
SELECT queuectl.expect(
    ((SELECT pg_catalog.count(*) FROM gone) + (SELECT pg_catalog.count(*) FROM gone_finished))::bigint,
    pg_catalog.cardinality($1)::bigint
)
