-- Without WHERE: SQLite then drops the pages unread.
DELETE FROM output
