-- How far retention may have deleted on a remote: the latest start of keep_within that was in force, kept when the rules
-- keep more later.
CREATE TABLE let_go (
    remote TEXT    NOT NULL PRIMARY KEY,
    until  INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
