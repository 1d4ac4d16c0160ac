SELECT stop IS NOT NULL AS stop FROM jobs WHERE seq = ?1 AND fence = ?2
