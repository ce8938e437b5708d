-- What was captured of the shop's database between restore points, what of it waits to be shipped, and what went wrong.

CREATE TABLE capture (
    only_row        INTEGER PRIMARY KEY DEFAULT 1,
    chain           TEXT    NOT NULL,
    commit_number   INTEGER NOT NULL,
    commit_at       INTEGER NOT NULL,
    page_size       INTEGER NOT NULL,
    pages           INTEGER NOT NULL,
    page_root       TEXT    NOT NULL,
    -- Which file it is: device, number and birth.
    database_file   TEXT    NOT NULL,
    -- How far the log was read, as the capture wrote it; absent while there was no log.
    log_position    TEXT,
    -- SHA-256 of the newest segment's object, in hex; absent for a chain without one.
    previous_sha256 TEXT,
    -- The newest segment's pages with their hashes: what the page table may lack after a crash.
    changed         BLOB    NOT NULL,
    CONSTRAINT one_row CHECK (only_row = 1),
    CONSTRAINT commits_begin_at_one CHECK (commit_number >= 1)
) STRICT;

-- Objects in the spool, in the order of their commits. Numbers are never used twice.
CREATE TABLE segment (
    id           INTEGER PRIMARY KEY AUTOINCREMENT,
    key          TEXT    NOT NULL UNIQUE,
    chain        TEXT    NOT NULL,
    first_commit INTEGER NOT NULL,
    last_commit  INTEGER NOT NULL,
    first_at     INTEGER NOT NULL,
    last_at      INTEGER NOT NULL,
    size_bytes   INTEGER NOT NULL,
    sha256       TEXT    NOT NULL,
    CONSTRAINT commits_in_order CHECK (last_commit >= first_commit)
) STRICT;

-- How far each remote is. Every segment up to this number is on it, but for those before its gap.
CREATE TABLE shipping (
    remote        TEXT    NOT NULL PRIMARY KEY,
    through_id    INTEGER NOT NULL DEFAULT 0,
    chain         TEXT,
    commit_number INTEGER,
    commit_at     INTEGER,
    shipped_at    INTEGER,
    failing_since INTEGER,
    error         TEXT,
    -- The last segment that the spool had no room to keep for this remote.
    gap_chain     TEXT,
    gap_commit    INTEGER,
    gap_at        INTEGER,
    CONSTRAINT error_iff_failing CHECK ((failing_since IS NULL) = (error IS NULL)),
    CONSTRAINT gap_is_whole CHECK ((gap_chain IS NULL) = (gap_commit IS NULL) AND (gap_chain IS NULL) = (gap_at IS NULL))
) STRICT, WITHOUT ROWID;

-- For charts and costs: what was shipped in each hour since 1970.
CREATE TABLE shipped_hour (
    remote     TEXT    NOT NULL,
    hour       INTEGER NOT NULL,
    segments   INTEGER NOT NULL,
    commits    INTEGER NOT NULL,
    size_bytes INTEGER NOT NULL,
    PRIMARY KEY (remote, hour)
) STRICT, WITHOUT ROWID;

-- What interrupted the capture, newest last.
CREATE TABLE capture_event (
    id     INTEGER PRIMARY KEY AUTOINCREMENT,
    at     INTEGER NOT NULL,
    kind   TEXT    NOT NULL,
    detail TEXT    NOT NULL,
    CONSTRAINT kind_known CHECK (kind IN ('new_chain', 'resync', 'spool_full'))
) STRICT;

-- One row while the capture stands still.
CREATE TABLE capture_fault (
    only_row INTEGER PRIMARY KEY DEFAULT 1,
    since    INTEGER NOT NULL,
    detail   TEXT    NOT NULL,
    CONSTRAINT one_row CHECK (only_row = 1)
) STRICT;

-- Which remote holds a restore point of a chain, without reading every manifest.
CREATE INDEX restore_point_by_chain
    ON restore_point (json_extract(manifest, '$.chain'), json_extract(manifest, '$.commit'));
