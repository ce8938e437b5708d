-- The message that something comes and goes is changed each time that it comes back and each time that it ends.
-- `began_at`: since when it comes and goes, and `raises` is counted. `hour_at`: since when `messages` are counted.
-- `paced_until`: how far its changes are ahead of their pace. `unsaid`: 1 while the message does not show the last of it.
ALTER TABLE floors ADD COLUMN began_at INTEGER NOT NULL DEFAULT 0;
ALTER TABLE floors ADD COLUMN hour_at INTEGER NOT NULL DEFAULT 0;
ALTER TABLE floors ADD COLUMN paced_until INTEGER NOT NULL DEFAULT 0;
ALTER TABLE floors ADD COLUMN unsaid INTEGER NOT NULL DEFAULT 0;
UPDATE floors SET began_at = raised_at, hour_at = raised_at;
ALTER TABLE floors DROP COLUMN edits;

-- `settles`: 1 when the edit marks the message that told of it, and not a later one that it is over.
-- `in_passing`: 1 when it is one of many changes, and worth no message where nothing can be changed.
ALTER TABLE messages ADD COLUMN settles INTEGER NOT NULL DEFAULT 0;
ALTER TABLE messages ADD COLUMN in_passing INTEGER NOT NULL DEFAULT 0;
