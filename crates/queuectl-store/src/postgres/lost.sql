SELECT held.fence FROM unnest($1::bigint[], $2::bigint[]) AS held (seq, fence)
WHERE NOT EXISTS (SELECT FROM queuectl.jobs WHERE jobs.seq = held.seq AND jobs.fence = held.fence)
