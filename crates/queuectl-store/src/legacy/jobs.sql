-- In the order in which they were added. All columns, since older versions of the program lack some; they are read by
-- name.
SELECT * FROM jobs ORDER BY rowid
