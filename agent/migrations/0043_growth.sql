-- What the shop's tables had come to: their highest numbers, and digests of their first and newest rows' keys. By that an
-- older state and another shop are known that SQLite's own counter does not show.
ALTER TABLE capture ADD COLUMN growth TEXT;
ALTER TABLE restore_point ADD COLUMN growth TEXT;
