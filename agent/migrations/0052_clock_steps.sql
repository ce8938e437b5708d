-- How far the clock was set while a chain was followed, and behind which of its commits: the dates around it are of two clocks.
-- NULL where the machine was started anew in between, so that nobody can tell.
CREATE TABLE clock_step (
    id           INTEGER PRIMARY KEY AUTOINCREMENT,
    chain        TEXT NOT NULL,
    after_commit INTEGER NOT NULL,
    by_ms        INTEGER,
    CONSTRAINT goes_somewhere CHECK (by_ms <> 0)
) STRICT;
-- How far the clock was ahead of the time since the machine's start when it was looked at last.
CREATE TABLE clock_seen (
    only_row INTEGER PRIMARY KEY DEFAULT 1,
    boot     TEXT NOT NULL,
    ahead_ms INTEGER NOT NULL,
    CONSTRAINT one_row CHECK (only_row = 1)
) STRICT;
