-- The release of the shop's tables after the newest segment, as its program counts it: definitions that changed within one
-- release were changed by hand, by VACUUM, or by another state that was put in. And one more kind of interruption for that.
ALTER TABLE capture ADD COLUMN user_version INTEGER;

CREATE TABLE capture_event_47 (
    id     INTEGER PRIMARY KEY AUTOINCREMENT,
    at     INTEGER NOT NULL,
    kind   TEXT    NOT NULL,
    detail TEXT    NOT NULL,
    CONSTRAINT kind_known CHECK (
        kind IN ('begun', 'new_chain', 'replaced', 'restored', 'resync', 'redefined', 'caught_up', 'unharmed', 'spool_full')
    )
) STRICT;

INSERT INTO capture_event_47 (id, at, kind, detail) SELECT id, at, kind, detail FROM capture_event;

DROP TABLE capture_event;

ALTER TABLE capture_event_47 RENAME TO capture_event;
