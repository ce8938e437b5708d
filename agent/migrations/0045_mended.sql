-- What was told in a message that goes on, and is over by itself: a list, as JSON, of what it was about, the rule, and when.
ALTER TABLE episodes ADD COLUMN mended TEXT NOT NULL DEFAULT '[]';
