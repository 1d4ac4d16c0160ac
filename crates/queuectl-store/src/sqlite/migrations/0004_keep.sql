-- Completed jobs are deleted in the order in which they ended.
CREATE INDEX jobs_completed ON jobs (finished_at) WHERE state = 2;
