SELECT queuectl.ring()
