-- They wait as long as they would have, from now on, as if the attempt had ended now.
WITH mended AS (
    UPDATE queuectl.jobs
    SET sort_key = sort_key - (finished_at - $1::bigint), ready_at = ready_at - (finished_at - $1::bigint), finished_at = $1::bigint
    WHERE state = 3 AND ready_at > $1::bigint AND finished_at > $1::bigint
    RETURNING ready_at
)
SELECT ready_at FROM mended ORDER BY ready_at LIMIT 1
