SELECT seq FROM jobs WHERE state = 0 ORDER BY sort_key, seq LIMIT ?1
