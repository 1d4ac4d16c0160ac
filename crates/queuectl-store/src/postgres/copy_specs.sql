COPY queuectl.specs (
    seq, id, line, shell, argv, cwd, priority, max_retries, backoff_base, created_at
) FROM STDIN (FORMAT binary)
