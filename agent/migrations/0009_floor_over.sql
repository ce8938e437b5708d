-- The message that something comes and goes is changed once it is over for now, long before the floor is forgotten.
-- `over_at`: when that was; NULL while the message still says that it is wrong.
ALTER TABLE floors ADD COLUMN over_at INTEGER;
