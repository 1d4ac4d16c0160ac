UPDATE workers SET stop = max(coalesce(stop, ?2), ?2) WHERE id = ?1
