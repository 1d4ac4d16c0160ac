-- Of those that aren't finished.
SELECT whole.*
FROM (SELECT seq FROM queuectl.jobs WHERE state = $2 ORDER BY seq DESC LIMIT $1::bigint) AS fits
JOIN queuectl.whole_jobs AS whole ON whole.seq = fits.seq
ORDER BY whole.seq DESC
