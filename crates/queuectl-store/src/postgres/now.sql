SELECT queuectl.now_us() AS now
