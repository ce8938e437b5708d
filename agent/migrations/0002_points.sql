-- Restore points that this agent took, and the remotes on which each was read back whole.
CREATE TABLE restore_point (
    point               TEXT    NOT NULL PRIMARY KEY,
    taken_at            INTEGER NOT NULL,
    -- The manifest as it was written, without encryption: names, sizes and digests, nothing of the shop.
    manifest            TEXT    NOT NULL,
    manifest_size_bytes INTEGER NOT NULL,
    manifest_sha256     TEXT    NOT NULL,
    CONSTRAINT taken_at_positive CHECK (taken_at > 0),
    CONSTRAINT manifest_not_empty CHECK (manifest_size_bytes > 0)
) STRICT;

CREATE TABLE restore_point_copy (
    point       TEXT    NOT NULL REFERENCES restore_point (point),
    remote      TEXT    NOT NULL,
    -- When every object and the manifest had been read back from this remote with the right digest.
    verified_at INTEGER NOT NULL,
    PRIMARY KEY (point, remote)
) STRICT, WITHOUT ROWID;

CREATE INDEX restore_point_by_time ON restore_point (taken_at);
