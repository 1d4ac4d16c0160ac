UPDATE workers SET trouble = ?2, trouble_since = CASE WHEN ?2 IS NOT NULL THEN coalesce(trouble_since, ?3) END WHERE id = ?1
