-- Whether a job has this id.
SELECT 1 FROM jobs WHERE id = ?1
