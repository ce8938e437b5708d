-- What the bot reported as single events and the owner was told, for the page and the digest: nothing else ends or lists it.
CREATE TABLE report (
    id         INTEGER PRIMARY KEY AUTOINCREMENT,
    at         INTEGER NOT NULL,
    kind       TEXT NOT NULL
) STRICT;
CREATE INDEX report_by_time ON report (at);
