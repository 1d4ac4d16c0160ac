-- Why the run of a job that is being processed is to end, if a user wants it to.
ALTER TABLE jobs ADD COLUMN stop TEXT;

-- Where a worker's pid means something, and the version of its program.
ALTER TABLE workers ADD COLUMN machine TEXT NOT NULL DEFAULT '';
ALTER TABLE workers ADD COLUMN version TEXT NOT NULL DEFAULT '';
