-- Alerts that are told together, what holds them back, and messages apart from the ways that they go.
-- Moments are milliseconds since 1970 in UTC.

-- What the owner has been told as one thing: one live message each.
CREATE TABLE episodes (
    id          INTEGER PRIMARY KEY,
    topic       TEXT NOT NULL,
    -- The alert that its headline is about, as it was when it was told.
    lead_key    TEXT NOT NULL,
    lead_rule   TEXT NOT NULL,
    lead_detail TEXT NOT NULL,
    lead_value  REAL,
    lead_since  INTEGER NOT NULL,
    -- How many alerts it ever held.
    faults      INTEGER NOT NULL,
    -- When its next message or edit is due; none when all is said.
    due_at      INTEGER,
    severity    TEXT,
    told_at     INTEGER,
    edits       INTEGER NOT NULL,
    acked_at    INTEGER,
    reminders   INTEGER NOT NULL,
    remind_at   INTEGER,
    CONSTRAINT severity_known CHECK (severity IN ('info', 'warning', 'critical')),
    CONSTRAINT severity_iff_told CHECK ((severity IS NULL) = (told_at IS NULL)),
    CONSTRAINT untold_is_due CHECK (told_at IS NOT NULL OR due_at IS NOT NULL)
) STRICT;

CREATE TABLE alerts_new (
    key         TEXT PRIMARY KEY,
    phase       TEXT NOT NULL,
    rule        TEXT NOT NULL,
    detail      TEXT NOT NULL,
    value       REAL,
    since       INTEGER NOT NULL,
    rule_since  INTEGER NOT NULL,
    -- The last eight looks, the newest in the lowest bit; 1 is bad.
    looks       INTEGER NOT NULL,
    good_looks  INTEGER NOT NULL,
    loudest     TEXT,
    episode     INTEGER REFERENCES episodes (id),
    -- Why a firing alert is not told.
    held        TEXT,
    CONSTRAINT phase_known CHECK (phase IN ('pending', 'firing')),
    CONSTRAINT loudest_known CHECK (loudest IN ('info', 'warning', 'critical')),
    CONSTRAINT loudest_iff_firing CHECK ((phase = 'firing') = (loudest IS NOT NULL)),
    CONSTRAINT held_known CHECK (held IN ('explained', 'silenced', 'quiet_hours', 'flapping')),
    CONSTRAINT firing_is_told_or_held CHECK ((phase = 'firing') = ((episode IS NULL) <> (held IS NULL))),
    CONSTRAINT rule_is_not_older_than_the_trouble CHECK (rule_since >= since)
) STRICT;

-- What was told before stands as an episode of its own.
INSERT INTO episodes (id, topic, lead_key, lead_rule, lead_detail, lead_since, faults, severity, told_at, edits,
                      acked_at, reminders)
SELECT rowid, '', key, rule, detail, since, 1, severity_told, since, 0, since, 0 FROM alerts WHERE phase = 'firing';
INSERT INTO alerts_new (key, phase, rule, detail, since, rule_since, looks, good_looks, loudest, episode)
SELECT key, phase, rule, detail, since, rule_since, 1, 0, severity_told, CASE phase WHEN 'firing' THEN rowid END
FROM alerts;
DROP TABLE alerts;
ALTER TABLE alerts_new RENAME TO alerts;

-- How often something came and went: kept when it is well again, so that its return is known as one.
CREATE TABLE floors (
    key            TEXT PRIMARY KEY,
    rule           TEXT NOT NULL,
    raised_at      INTEGER NOT NULL,
    raises         INTEGER NOT NULL,
    bad_at         INTEGER NOT NULL,
    loudest        TEXT NOT NULL,
    flapping_since INTEGER,
    -- The episode under which the message about the flapping went out.
    episode        INTEGER,
    CONSTRAINT loudest_known CHECK (loudest IN ('info', 'warning', 'critical')),
    CONSTRAINT episode_iff_flapping CHECK ((flapping_since IS NULL) = (episode IS NULL))
) STRICT;

CREATE TABLE silences (
    id         INTEGER PRIMARY KEY AUTOINCREMENT,
    -- An alert's key, or * for everything: maintenance.
    scope      TEXT NOT NULL,
    from_at    INTEGER NOT NULL,
    until_at   INTEGER NOT NULL,
    CONSTRAINT every_silence_ends CHECK (until_at > from_at AND until_at <= from_at + 7 * 86400000)
) STRICT;

-- What was wrong and is over, for the digest and the charts.
CREATE TABLE past (
    id         INTEGER PRIMARY KEY AUTOINCREMENT,
    key        TEXT NOT NULL,
    rule       TEXT NOT NULL,
    since      INTEGER NOT NULL,
    until      INTEGER NOT NULL,
    -- Why the owner was not told, if so.
    held       TEXT
) STRICT;
CREATE INDEX past_by_end ON past (until);

CREATE TABLE alert_clock (
    only_row       INTEGER PRIMARY KEY DEFAULT 1,
    next_episode   INTEGER NOT NULL,
    -- The last time of the daily digest that is done with.
    digest_at      INTEGER,
    CONSTRAINT one_row CHECK (only_row = 1)
) STRICT;
INSERT INTO alert_clock (next_episode) SELECT coalesce(max(id), 0) + 1 FROM episodes;

CREATE TABLE messages (
    id          INTEGER PRIMARY KEY AUTOINCREMENT,
    alert_key   TEXT NOT NULL,
    episode     INTEGER,
    -- The name of its entry in docs/RUNBOOK.
    runbook     TEXT,
    severity    TEXT NOT NULL,
    headline    TEXT NOT NULL,
    text        TEXT NOT NULL,
    -- 1 when it rings.
    loud        INTEGER NOT NULL,
    -- 1 when the owner can acknowledge or silence what it is about.
    open        INTEGER NOT NULL,
    -- 1 when it takes the place of the last message of its episode, where the way allows that.
    is_edit     INTEGER NOT NULL,
    -- 1 when it goes on from the last message of its episode, and is sent as a reply to it.
    follows_up  INTEGER NOT NULL,
    created_at  INTEGER NOT NULL,
    not_before  INTEGER NOT NULL,
    CONSTRAINT severity_known CHECK (severity IN ('info', 'warning', 'critical')),
    CONSTRAINT flags CHECK (loud IN (0, 1) AND open IN (0, 1) AND is_edit IN (0, 1) AND follows_up IN (0, 1)),
    CONSTRAINT an_edit_has_an_episode CHECK (is_edit = 0 OR episode IS NOT NULL)
) STRICT;
CREATE INDEX messages_by_episode ON messages (episode, id) WHERE episode IS NOT NULL;

-- One message on one way to the owner: for each chat where the way has chats, else for chat 0.
CREATE TABLE deliveries (
    id          INTEGER PRIMARY KEY AUTOINCREMENT,
    message     INTEGER NOT NULL REFERENCES messages (id) ON DELETE CASCADE,
    rung        TEXT NOT NULL,
    chat_id     INTEGER NOT NULL,
    opened_at   INTEGER NOT NULL,
    -- 1 from before a request is opened until its outcome is known: it may have arrived.
    in_doubt    INTEGER NOT NULL DEFAULT 0,
    -- 1 when the way has said that it will not take it until the owner changes something.
    refused     INTEGER NOT NULL DEFAULT 0,
    sent_at     INTEGER,
    -- What the way calls it, where it has names for messages.
    message_id  INTEGER,
    -- 1 when it went out as a line of a summary: that message is not its own.
    in_summary  INTEGER NOT NULL DEFAULT 0,
    -- 1 when this way was taken because an earlier one did not take it.
    climbed     INTEGER NOT NULL,
    -- It need not go this way any more: it arrived on another, or its chat is not the owner's any more.
    dropped_at  INTEGER,
    CONSTRAINT flags CHECK
        (in_doubt IN (0, 1) AND refused IN (0, 1) AND in_summary IN (0, 1) AND climbed IN (0, 1)),
    CONSTRAINT message_id_only_when_sent CHECK (message_id IS NULL OR sent_at IS NOT NULL),
    CONSTRAINT sent_or_dropped CHECK (sent_at IS NULL OR dropped_at IS NULL),
    UNIQUE (message, rung, chat_id)
) STRICT;
CREATE INDEX deliveries_waiting ON deliveries (rung, chat_id, message) WHERE sent_at IS NULL AND dropped_at IS NULL;

INSERT INTO messages (id, alert_key, severity, headline, text, loud, open, is_edit, follows_up, created_at, not_before)
SELECT id, alert_key, 'warning', headline, text, 1, 0, 0, follows_up, created_at, created_at FROM outbox;
INSERT INTO deliveries (message, rung, chat_id, opened_at, in_doubt, climbed, sent_at, message_id)
SELECT id, 'telegram', chat_id, created_at, in_doubt, 0, sent_at, message_id FROM outbox;
-- An alert that was told before replies to the message that told it.
UPDATE messages SET episode = (SELECT id FROM episodes WHERE lead_key = messages.alert_key)
WHERE id IN (SELECT max(id) FROM messages GROUP BY alert_key);
DROP TABLE outbox;

-- How each way did when it was last tried.
CREATE TABLE channel_tests (
    rung       TEXT PRIMARY KEY,
    tested_at  INTEGER NOT NULL,
    ok         INTEGER NOT NULL,
    said       TEXT NOT NULL,
    CONSTRAINT ok_is_a_flag CHECK (ok IN (0, 1))
) STRICT;

-- Restarts of the bot by the agent, for the budget.
CREATE TABLE bot_restarts (
    at         INTEGER PRIMARY KEY
) STRICT;
