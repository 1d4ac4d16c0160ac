-- The last of a transaction: what it changes about the counts, and the least keys of what it puts anywhere.
WITH new (pending, processing, completed, failed, dead) AS (
    VALUES ($1::bigint, $2::bigint, $3::bigint, $4::bigint, $5::bigint)
), counted AS (
    INSERT INTO queuectl.count_changes (pending, processing, completed, failed, dead)
    SELECT pending, processing, completed, failed, dead FROM new
    WHERE pending <> 0 OR processing <> 0 OR completed <> 0 OR failed <> 0 OR dead <> 0
)
SELECT queuectl.lower_floors($6::bigint, $7::bigint)
