SELECT queuectl.hear()
