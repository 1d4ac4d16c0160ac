-- Of claims that are held, those that are lost and those of runs that a user wants ended.
SELECT held.fence, jobs.seq IS NULL AS lost FROM unnest($1::bigint[], $2::bigint[]) AS held (seq, fence)
LEFT JOIN queuectl.jobs ON jobs.seq = held.seq AND jobs.fence = held.fence
WHERE jobs.seq IS NULL OR jobs.stop IS NOT NULL
