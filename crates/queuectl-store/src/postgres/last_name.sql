SELECT CASE WHEN is_called THEN last_value ELSE 0 END AS last_name FROM queuectl.names
