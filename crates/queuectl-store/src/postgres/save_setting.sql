INSERT INTO queuectl.settings (key, value, changed) VALUES ($1, $2, pg_catalog.nextval('queuectl.settings_changes'))
ON CONFLICT (key) DO UPDATE SET value = excluded.value, changed = excluded.changed
