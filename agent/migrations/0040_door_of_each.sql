-- Wrong codes close the door before dangerous commands to whoever sent them, and to no other owner. A door that was closed
-- to all at the time of this change stands open again.
CREATE TABLE door_locks (
    chat INTEGER PRIMARY KEY,
    wrong INTEGER NOT NULL CONSTRAINT wrong_is_a_count CHECK (wrong >= 0),
    closed_until INTEGER
) STRICT;
UPDATE console SET wrong_codes = 0, closed_until = NULL;
