COPY queuectl.jobs (seq, sort_key, ready_at, timeout) FROM STDIN (FORMAT binary)
