-- What is wrong, what the owner must still be told, and how far the bot's incidents were read.
-- Moments are milliseconds since 1970 in UTC.

CREATE TABLE alerts (
    key            TEXT PRIMARY KEY,
    phase          TEXT NOT NULL,
    rule           TEXT NOT NULL,
    detail         TEXT NOT NULL,
    since          INTEGER NOT NULL,
    rule_since     INTEGER NOT NULL,
    severity_told  TEXT,
    CONSTRAINT phase_known CHECK (phase IN ('pending', 'firing')),
    CONSTRAINT severity_known CHECK (severity_told IN ('info', 'warning', 'critical')),
    CONSTRAINT told_iff_firing CHECK ((phase = 'firing') = (severity_told IS NOT NULL)),
    CONSTRAINT rule_is_not_older_than_the_trouble CHECK (rule_since >= since)
) STRICT;

-- One row for each chat of the owner. Numbers are never used twice.
CREATE TABLE outbox (
    id          INTEGER PRIMARY KEY AUTOINCREMENT,
    chat_id     INTEGER NOT NULL,
    alert_key   TEXT NOT NULL,
    headline    TEXT NOT NULL,
    text        TEXT NOT NULL,
    -- 1 when it goes on from the last message with this key, and is sent as a reply to it.
    follows_up  INTEGER NOT NULL,
    created_at  INTEGER NOT NULL,
    -- 1 from before a request is opened until its outcome is known: it may have arrived.
    in_doubt    INTEGER NOT NULL DEFAULT 0,
    sent_at     INTEGER,
    message_id  INTEGER,
    CONSTRAINT follows_up_is_a_flag CHECK (follows_up IN (0, 1)),
    CONSTRAINT in_doubt_is_a_flag CHECK (in_doubt IN (0, 1)),
    CONSTRAINT message_only_when_sent CHECK (message_id IS NULL OR sent_at IS NOT NULL)
) STRICT;

CREATE INDEX outbox_waiting ON outbox (chat_id, id) WHERE sent_at IS NULL;
CREATE INDEX outbox_sent ON outbox (chat_id, alert_key, id) WHERE sent_at IS NOT NULL;

CREATE TABLE incident_cursor (
    only_row      INTEGER PRIMARY KEY DEFAULT 1,
    last_id       INTEGER NOT NULL,
    last_at       INTEGER NOT NULL,
    -- After the shop went back to an older state its incidents are read again, and those until here were told.
    told_until    INTEGER,
    CONSTRAINT one_row CHECK (only_row = 1)
) STRICT;
