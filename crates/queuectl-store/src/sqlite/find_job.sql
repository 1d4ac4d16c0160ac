SELECT seq FROM jobs WHERE id = ?1
