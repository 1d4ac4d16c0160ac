DELETE FROM commands WHERE seq IN (SELECT seq FROM jobs WHERE state = 4 AND state <> 1)
