-- All of it sees the same moment: who dies meanwhile stays, with all that is known of it.
WITH gone AS (
    DELETE FROM queuectl.finished WHERE state = 4 RETURNING seq
), gone_specs AS (
    DELETE FROM queuectl.specs USING gone WHERE specs.seq = gone.seq
), gone_attempts AS (
    DELETE FROM queuectl.attempts USING gone WHERE attempts.seq = gone.seq RETURNING fence
), gone_output AS (
    DELETE FROM queuectl.output USING gone_attempts WHERE output.fence = gone_attempts.fence
)
SELECT pg_catalog.count(*) FROM gone
