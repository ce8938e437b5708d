-- In which message something that came was told last: what is back with many of its kind, and has had the messages of the
-- hour, changes that one.
ALTER TABLE floors ADD COLUMN told_in INTEGER;
