SELECT max(
    coalesce((
        SELECT max(max(created_at, coalesce(started_at, 0), coalesce(finished_at, 0))) FROM jobs
    ), 0),
    coalesce((SELECT max(ended_at) FROM attempts), 0),
    coalesce((SELECT max(heartbeat_at) FROM workers), 0)
) AS newest
