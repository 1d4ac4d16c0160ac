SELECT pg_advisory_xact_lock(1902343279, hashtext($1))
