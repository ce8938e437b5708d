-- What the spool had no room to keep for a remote: exactly which commits, so that others beside them are missed.
CREATE TABLE spool_drop (
    remote       TEXT    NOT NULL,
    chain        TEXT    NOT NULL,
    first_commit INTEGER NOT NULL,
    last_commit  INTEGER NOT NULL,
    at           INTEGER NOT NULL,
    PRIMARY KEY (remote, chain, last_commit),
    CONSTRAINT commits_in_order CHECK (first_commit >= 1 AND last_commit >= first_commit)
) STRICT, WITHOUT ROWID;

-- Where one of before began is not known any more.
INSERT INTO spool_drop (remote, chain, first_commit, last_commit, at)
SELECT remote, gap_chain, 1, gap_commit, gap_at FROM shipping WHERE gap_chain IS NOT NULL;
