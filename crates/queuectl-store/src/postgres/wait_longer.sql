-- Says which are still there. Those whose time is over have gone without a word.
WITH gone AS (
    DELETE FROM queuectl.waiters WHERE until < pg_catalog.clock_timestamp() - interval '1 second'
)
UPDATE queuectl.waiters SET until = pg_catalog.clock_timestamp() + interval '60 seconds'
WHERE id = ANY ($1) RETURNING id
