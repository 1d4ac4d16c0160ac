SELECT pg_catalog.setval('queuectl.numbers', greatest(
        (SELECT last_value FROM queuectl.numbers),
        (SELECT pg_catalog.max(seq) / 1048576 * 1048576 FROM queuectl.specs)
    )),
    pg_catalog.setval('queuectl.fences', greatest(
        (SELECT last_value FROM queuectl.fences),
        (SELECT pg_catalog.max(fence) FROM queuectl.attempts),
        (SELECT pg_catalog.max(fence) FROM queuectl.jobs WHERE state = 1)
    ))
