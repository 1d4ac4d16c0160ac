-- Why a worker can start no jobs, and since when.
ALTER TABLE workers ADD COLUMN trouble TEXT;
ALTER TABLE workers ADD COLUMN trouble_since INTEGER;
