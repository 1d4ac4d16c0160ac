UPDATE queuectl.lost_workers SET stop = greatest(stop, $2) WHERE id = ANY ($1)
