-- How much there is in a file: nothing, if it is new.
SELECT count(*) FROM sqlite_schema
