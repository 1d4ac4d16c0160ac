SELECT seq FROM jobs WHERE state = 3 AND ready_at > ?1 AND finished_at > ?1
