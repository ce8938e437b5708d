-- What was said of one thing is asked when it rings again, and at each turn of a way without edits while it is well.
CREATE INDEX messages_by_key ON messages (alert_key, id);
