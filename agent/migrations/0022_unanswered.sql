-- Since when a remote has left without an answer what was sent to it; nothing while it answers within some seconds.
ALTER TABLE shipping ADD COLUMN unanswered_since INTEGER;
