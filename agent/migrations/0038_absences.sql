-- Times in which nobody followed the shop although it may have gone on: from the last sign of the capture to its return.
CREATE TABLE absence (
    id       INTEGER PRIMARY KEY AUTOINCREMENT,
    from_at  INTEGER NOT NULL,
    until_at INTEGER NOT NULL,
    CONSTRAINT ends_after_it_begins CHECK (until_at >= from_at)
) STRICT;
