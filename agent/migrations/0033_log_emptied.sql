-- Whether the log of the database that is followed was found emptied or cut short: what the file holds since then lacks commits
-- that were followed, until another file takes its place or it holds what was followed last.
ALTER TABLE capture ADD COLUMN log_emptied INTEGER NOT NULL DEFAULT 0;
