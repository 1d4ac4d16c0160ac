SELECT queuectl.make_ids_after($1::bigint)
