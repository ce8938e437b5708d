-- How often the answer to a message was lost by a way that answered all else, and when it is repeated: a new process keeps to
-- that as the one before did, where the way still ends where it did: of that there is a digest.
ALTER TABLE deliveries ADD COLUMN lost_answers INTEGER NOT NULL DEFAULT 0;
ALTER TABLE deliveries ADD COLUMN again_at INTEGER;
ALTER TABLE deliveries ADD COLUMN lost_by TEXT;
