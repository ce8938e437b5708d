-- Two more kinds of interruption: the very first chain, which is none, and another file under the database's name,
-- which the owner hears of by its own name. SQLite changes no constraint in place.
CREATE TABLE capture_event_8 (
    id     INTEGER PRIMARY KEY AUTOINCREMENT,
    at     INTEGER NOT NULL,
    kind   TEXT    NOT NULL,
    detail TEXT    NOT NULL,
    CONSTRAINT kind_known CHECK (kind IN ('begun', 'new_chain', 'replaced', 'resync', 'spool_full'))
) STRICT;

INSERT INTO capture_event_8 (id, at, kind, detail) SELECT id, at, kind, detail FROM capture_event;

DROP TABLE capture_event;

ALTER TABLE capture_event_8 RENAME TO capture_event;
