-- The message that something comes and goes turns red again when a return lasts, within three changes in all.
-- `edits`: how often it was changed.
ALTER TABLE floors ADD COLUMN edits INTEGER NOT NULL DEFAULT 0;
