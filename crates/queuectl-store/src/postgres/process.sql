-- The one that answers.
SELECT pg_backend_pid()
