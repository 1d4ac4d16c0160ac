COPY queuectl.specs (
    seq, id, line, shell, argv, cwd, priority, timeout, max_retries, backoff_base, created_at
) FROM STDIN (FORMAT binary)
