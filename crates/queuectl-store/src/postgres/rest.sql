SELECT pending, processing, failed, next_due FROM queuectl.rest()
