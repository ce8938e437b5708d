-- What retention wants gone from a remote and since when: it is deleted a day later at the earliest, so that a restore
-- that began before still finds it.
CREATE TABLE prune_mark (
    remote    TEXT    NOT NULL,
    object    TEXT    NOT NULL,
    marked_at INTEGER NOT NULL,
    PRIMARY KEY (remote, object)
) STRICT, WITHOUT ROWID;

-- Every look at a remote's objects and every rehearsal of a restore from it, passed or not.
CREATE TABLE rehearsal (
    id         INTEGER PRIMARY KEY,
    kind       TEXT    NOT NULL,
    remote     TEXT    NOT NULL,
    -- The restore point that was rehearsed; NULL when none could be.
    point      TEXT,
    began_at   INTEGER NOT NULL,
    ended_at   INTEGER NOT NULL,
    -- NULL when it passed.
    fault      TEXT,
    -- What was seen, as JSON: bytes, objects, counts of the shop.
    seen       TEXT    NOT NULL,
    CONSTRAINT kind_known CHECK (kind IN ('sample', 'drill')),
    CONSTRAINT ends_after_it_began CHECK (ended_at >= began_at)
) STRICT;

CREATE INDEX rehearsal_newest ON rehearsal (kind, remote, ended_at);
