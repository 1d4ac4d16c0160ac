-- For one transaction. On Windows the system doesn't tell whether a client is gone, and the server refuses to ask.
SELECT pg_catalog.set_config('client_connection_check_interval', '1000', true)
WHERE pg_catalog.current_setting('dynamic_shared_memory_type') <> 'windows'
