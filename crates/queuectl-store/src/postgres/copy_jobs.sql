COPY queuectl.jobs (seq, sort_key, ready_at) FROM STDIN (FORMAT binary)
