SELECT coalesce((SELECT pg_catalog.max(seq) FROM queuectl.specs), 0)
        > (SELECT CASE WHEN is_called THEN last_value + 1048576 ELSE last_value END FROM queuectl.numbers)
    OR greatest(
        (SELECT pg_catalog.max(fence) FROM queuectl.attempts),
        (SELECT pg_catalog.max(fence) FROM queuectl.jobs WHERE state = 1),
        0
    ) > (SELECT CASE WHEN is_called THEN last_value ELSE last_value - 1 END FROM queuectl.fences) AS are_in_use
