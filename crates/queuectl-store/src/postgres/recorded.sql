SELECT ended.fence FROM unnest($1::bigint[], $2::bigint[], $3::bigint[]) AS ended (seq, fence, outcome)
JOIN queuectl.attempts USING (seq, fence, outcome)
