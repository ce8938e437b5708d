-- Announcements to all customers: a row an announcement, its audience as blocks of numbers, and a row a recipient only
-- where the message did not simply arrive. What is on its way lies in send, at most a small window of it at a time.

CREATE TABLE broadcast (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    seller_id INTEGER NOT NULL,
    body TEXT NOT NULL,
    state TEXT NOT NULL CONSTRAINT broadcast_state_is_known CHECK (
        state IN ('draft', 'scheduled', 'running', 'paused', 'done', 'cancelled')
    ),
    pause_reason TEXT CONSTRAINT pause_reason_is_known CHECK (pause_reason IN ('seller', 'trouble', 'restore')),
    -- How many people it was frozen for, and how many of them were taken up.
    audience INTEGER NOT NULL,
    taken INTEGER NOT NULL DEFAULT 0,
    sent INTEGER NOT NULL DEFAULT 0,
    blocked INTEGER NOT NULL DEFAULT 0,
    unknown INTEGER NOT NULL DEFAULT 0,
    failed INTEGER NOT NULL DEFAULT 0,
    -- Messages in a row that did not arrive although the person can be reached.
    setbacks INTEGER NOT NULL DEFAULT 0,
    scheduled_at INTEGER,
    -- Since when it runs without a pause, and how many were settled before that: the speed is counted from there.
    running_since INTEGER,
    settled_before INTEGER NOT NULL DEFAULT 0,
    -- The one message that shows the progress, by Telegram's number or while it may still be on its way.
    page_chat INTEGER,
    page_message INTEGER,
    page_send INTEGER,
    created_at INTEGER NOT NULL,
    CONSTRAINT pause_reason_iff_paused CHECK ((state = 'paused') = (pause_reason IS NOT NULL)),
    CONSTRAINT scheduled_at_where_scheduled CHECK (state <> 'scheduled' OR scheduled_at IS NOT NULL),
    CONSTRAINT taken_is_of_the_audience CHECK (taken BETWEEN 0 AND audience),
    CONSTRAINT nobody_is_counted_twice CHECK (sent + blocked + unknown + failed <= taken)
) STRICT;

CREATE UNIQUE INDEX one_broadcast_runs ON broadcast (state) WHERE state = 'running';

-- Numbers of chats, eight bytes each, in the order of sending. Dropped once nobody is left to send to.
CREATE TABLE broadcast_audience (
    broadcast_id INTEGER NOT NULL REFERENCES broadcast (id),
    block INTEGER NOT NULL,
    chats BLOB NOT NULL CONSTRAINT chats_are_whole CHECK (length(chats) % 8 = 0),
    PRIMARY KEY (broadcast_id, block)
) STRICT;

CREATE TABLE broadcast_recipient (
    broadcast_id INTEGER NOT NULL REFERENCES broadcast (id),
    chat_id INTEGER NOT NULL,
    -- 'again': handed back by a pause, or to be sent once more because the seller wants it.
    state TEXT NOT NULL CONSTRAINT recipient_state_is_known CHECK (state IN ('blocked', 'unknown', 'failed', 'again')),
    PRIMARY KEY (broadcast_id, chat_id)
) STRICT, WITHOUT ROWID;

CREATE INDEX recipient_of_state ON broadcast_recipient (broadcast_id, state);

ALTER TABLE send ADD COLUMN broadcast_id INTEGER REFERENCES broadcast (id);
CREATE INDEX send_of_broadcast ON send (broadcast_id, state) WHERE broadcast_id IS NOT NULL;
-- A settled message of a broadcast leaves no row; without this, removing one would look through all the others.
CREATE INDEX send_by_target ON send (edits_send);
