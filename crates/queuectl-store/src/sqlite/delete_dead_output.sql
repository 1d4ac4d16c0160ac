DELETE FROM output WHERE fence IN (
    SELECT attempts.fence
    FROM jobs JOIN attempts ON attempts.seq = jobs.seq
    WHERE jobs.state = 4 AND jobs.state <> 1
)
