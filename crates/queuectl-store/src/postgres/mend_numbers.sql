SELECT setval('queuectl.numbers', greatest(
        (SELECT last_value FROM queuectl.numbers),
        (SELECT max(seq) / 1048576 * 1048576 FROM queuectl.specs)
    )),
    setval('queuectl.fences', greatest(
        (SELECT last_value FROM queuectl.fences),
        (SELECT max(fence) FROM queuectl.attempts),
        (SELECT max(fence) FROM queuectl.jobs WHERE state = 1)
    ))
