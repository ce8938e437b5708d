-- One more kind of interruption, which interrupted nothing: the database's file was exchanged, and holds the same. SQLite changes no constraint in place.
CREATE TABLE capture_event_44 (
    id     INTEGER PRIMARY KEY AUTOINCREMENT,
    at     INTEGER NOT NULL,
    kind   TEXT    NOT NULL,
    detail TEXT    NOT NULL,
    CONSTRAINT kind_known CHECK (
        kind IN ('begun', 'new_chain', 'replaced', 'restored', 'resync', 'caught_up', 'unharmed', 'spool_full')
    )
) STRICT;

INSERT INTO capture_event_44 (id, at, kind, detail) SELECT id, at, kind, detail FROM capture_event;

DROP TABLE capture_event;

ALTER TABLE capture_event_44 RENAME TO capture_event;
