SELECT key, value FROM queuectl.settings
