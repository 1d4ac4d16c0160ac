UPDATE queuectl.about SET version = $1
