-- SQLite's file change counter in the state of the database that a point holds: a later state of the same one has no lower
-- one. None for points of earlier programs, and for those that another machine's agent took.
ALTER TABLE restore_point ADD COLUMN change_counter INTEGER;
