-- A claim needn't be on disk when it is given, so a power cut can undo it, and
-- `last_fence` with it. This is on disk before a fence up to it is given.
ALTER TABLE counters ADD COLUMN fences_reserved INTEGER NOT NULL DEFAULT 0;

UPDATE counters SET fences_reserved = last_fence;
