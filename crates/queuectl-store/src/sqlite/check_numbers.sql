SELECT coalesce((SELECT max(seq) FROM jobs), 0) AS last_job,
    max(
        coalesce((SELECT max(fence) FROM attempts), 0),
        coalesce((SELECT max(fence) FROM jobs WHERE state = 1), 0)
    ) AS last_fence
