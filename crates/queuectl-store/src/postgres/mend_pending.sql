-- The order goes with the time: it is that time less a constant, ten minutes at most. So the index finds them.
WITH mended AS (
    UPDATE queuectl.jobs SET sort_key = sort_key - (ready_at - $1::bigint), ready_at = $1::bigint
    WHERE state = 0 AND sort_key > $1::bigint - 600000000 AND ready_at > $1::bigint
    RETURNING sort_key
)
SELECT sort_key FROM mended ORDER BY sort_key LIMIT 1
