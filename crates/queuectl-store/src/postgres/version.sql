SELECT version FROM queuectl.about
