SELECT pg_catalog.pg_advisory_xact_lock(1902343279, pg_catalog.hashtext('queuectl'))
