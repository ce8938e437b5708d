-- One more kind: whether what a daily summary named is on a remote, which only a look with that summary can tell.
-- SQLite changes no constraint in place.
CREATE TABLE rehearsal_12 (
    id         INTEGER PRIMARY KEY,
    kind       TEXT    NOT NULL,
    remote     TEXT    NOT NULL,
    -- The restore point that was rehearsed, or that the summary named; NULL when none could be.
    point      TEXT,
    began_at   INTEGER NOT NULL,
    ended_at   INTEGER NOT NULL,
    -- NULL when it passed.
    fault      TEXT,
    -- What was seen, as JSON: bytes, objects, counts of the shop.
    seen       TEXT    NOT NULL,
    CONSTRAINT kind_known CHECK (kind IN ('sample', 'drill', 'anchor')),
    CONSTRAINT anchor_names_a_point CHECK (kind <> 'anchor' OR point IS NOT NULL),
    CONSTRAINT ends_after_it_began CHECK (ended_at >= began_at)
) STRICT;

INSERT INTO rehearsal_12 (id, kind, remote, point, began_at, ended_at, fault, seen)
SELECT id, kind, remote, point, began_at, ended_at, fault, seen FROM rehearsal;

DROP TABLE rehearsal;

ALTER TABLE rehearsal_12 RENAME TO rehearsal;

CREATE INDEX rehearsal_newest ON rehearsal (kind, remote, ended_at);
