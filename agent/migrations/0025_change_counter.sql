-- What SQLite counts in the database's first page, as it was after the newest captured commit: it never falls while a file
-- goes on. None before it was first seen.
ALTER TABLE capture ADD COLUMN change_counter INTEGER;
