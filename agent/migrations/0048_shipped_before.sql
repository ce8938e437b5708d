-- How far a remote had been sent its chain when it was taken out of the configuration: where it is put back, what it had by
-- then is missed like anything else.
CREATE TABLE shipped_before (
    remote        TEXT    NOT NULL PRIMARY KEY,
    chain         TEXT    NOT NULL,
    commit_number INTEGER NOT NULL,
    CONSTRAINT commit_counted CHECK (commit_number >= 1)
) STRICT, WITHOUT ROWID;
