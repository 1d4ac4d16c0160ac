-- `+seq`: these few are sorted, instead of all jobs being looked through from the newest on.
SELECT seq FROM jobs WHERE state = 1 ORDER BY +seq DESC LIMIT ?1
