SELECT whole.*
FROM (SELECT seq FROM queuectl.finished WHERE state = $2 ORDER BY seq DESC LIMIT $1::bigint) AS fits
JOIN queuectl.whole_jobs AS whole ON whole.seq = fits.seq
ORDER BY whole.seq DESC
