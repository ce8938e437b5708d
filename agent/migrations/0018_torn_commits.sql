-- Commits of which a comparison found no whole segment on a remote: missing or altered there. What is found whole again
-- is deleted; a restore point taken after them ends what cannot be reached.
CREATE TABLE torn_commits (
    remote       TEXT    NOT NULL,
    chain        TEXT    NOT NULL,
    first_commit INTEGER NOT NULL,
    last_commit  INTEGER NOT NULL,
    torn_at      INTEGER NOT NULL,
    PRIMARY KEY (remote, chain, first_commit),
    CONSTRAINT commits_in_order CHECK (last_commit >= first_commit)
) STRICT, WITHOUT ROWID;
