-- What the owner is shown and what the console must not forget across a restart.

CREATE TABLE hours (
    -- Milliseconds since 1970: the beginning of a whole hour of UTC.
    hour        INTEGER PRIMARY KEY,
    placed      INTEGER NOT NULL,
    paid        INTEGER NOT NULL,
    delivered   INTEGER NOT NULL,
    paid_rupiah INTEGER NOT NULL,
    CONSTRAINT hour_is_whole CHECK (hour % 3600000 = 0),
    CONSTRAINT counts_are_not_negative CHECK (placed >= 0 AND paid >= 0 AND delivered >= 0)
) STRICT;

CREATE TABLE console (
    only         INTEGER PRIMARY KEY CHECK (only = 1),
    -- Whose updates are counted: the number of the bot's token.
    bot          INTEGER NOT NULL DEFAULT 0,
    -- The first update that was not taken in yet; 0 before the first.
    next_update  INTEGER NOT NULL DEFAULT 0,
    -- Messages of people who are not the owner.
    strangers    INTEGER NOT NULL DEFAULT 0,
    -- The half minute of the last one-time password that was accepted: none is accepted twice.
    totp_step    INTEGER NOT NULL DEFAULT 0
) STRICT;

INSERT INTO console (only) VALUES (1);
