SELECT version, current_setting('server_encoding') AS encoding FROM queuectl.about
