-- The settings; the keys are written with a hyphen there.
SELECT key, value FROM config ORDER BY key
