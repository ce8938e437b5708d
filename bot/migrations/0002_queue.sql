-- Jobs stand in named queues, which can be paused and limited; keys can outlive their job; finished jobs leave a line.

CREATE TABLE job_next (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    queue TEXT NOT NULL CONSTRAINT queue_has_a_name CHECK (queue <> ''),
    kind TEXT NOT NULL,
    payload TEXT NOT NULL,
    state TEXT NOT NULL CONSTRAINT job_state_is_known CHECK (state IN ('ready', 'running', 'scheduled')),
    priority INTEGER NOT NULL,
    run_at INTEGER NOT NULL,
    attempt INTEGER NOT NULL DEFAULT 0,
    rescues INTEGER NOT NULL DEFAULT 0,
    -- A word about a job counts only with the token of its newest claim; claims only grow.
    claims INTEGER NOT NULL DEFAULT 0,
    claim INTEGER,
    boot INTEGER,
    lease_until INTEGER,
    unique_key TEXT,
    -- The key is given back as soon as the job is begun, not when it is gone.
    key_until_begun INTEGER NOT NULL DEFAULT 0 CONSTRAINT key_until_begun_is_boolean CHECK (key_until_begun IN (0, 1)),
    created_at INTEGER NOT NULL,
    error TEXT,
    CONSTRAINT claim_iff_running CHECK (
        (state = 'running') = (claim IS NOT NULL AND boot IS NOT NULL AND lease_until IS NOT NULL)
    )
) STRICT;

INSERT INTO job_next (id, queue, kind, payload, state, priority, run_at, attempt, rescues, claims, claim, boot,
        lease_until, unique_key, created_at, error)
    SELECT id,
        CASE kind
            WHEN 'deliver' THEN 'delivery'
            WHEN 'create_invoice' THEN 'money'
            WHEN 'poll_payment' THEN 'money'
            WHEN 'check_payment' THEN 'money'
            WHEN 'expire_order' THEN 'money'
            ELSE 'upkeep'
        END,
        kind, payload, state, priority, run_at, attempt, rescues, claims, claim, boot,
        lease_until, unique_key, created_at, error
    FROM job;

-- Numbers are never given twice, not even those of jobs that are gone.
DELETE FROM sqlite_sequence WHERE name = 'job_next';
INSERT INTO sqlite_sequence (name, seq)
    SELECT 'job_next', max((SELECT coalesce(max(seq), 0) FROM sqlite_sequence WHERE name = 'job'),
        (SELECT coalesce(max(id), 0) FROM dead_job));

DROP TABLE job;
ALTER TABLE job_next RENAME TO job;

CREATE INDEX job_ready ON job (queue, priority, id) WHERE state = 'ready';
CREATE INDEX job_due ON job (run_at) WHERE state = 'scheduled';
CREATE INDEX job_running ON job (queue) WHERE state = 'running';
CREATE UNIQUE INDEX job_is_unique ON job (unique_key) WHERE unique_key IS NOT NULL;

CREATE INDEX dead_job_by_age ON dead_job (died_at);

-- A queue that is paused or limited; one that is neither needs no row. The row named '*' binds all queues together.
CREATE TABLE queue (
    name TEXT PRIMARY KEY,
    paused_at INTEGER,
    running_max INTEGER CONSTRAINT running_max_is_positive CHECK (running_max > 0),
    -- At most so many starts in so many milliseconds.
    starts_max INTEGER CONSTRAINT starts_max_is_positive CHECK (starts_max > 0),
    starts_per_ms INTEGER CONSTRAINT starts_per_ms_is_positive CHECK (starts_per_ms > 0),
    -- When the starts so far, evenly spread, would have been used up (in microseconds).
    used_until_us INTEGER NOT NULL DEFAULT 0,
    CONSTRAINT rate_is_whole CHECK ((starts_max IS NULL) = (starts_per_ms IS NULL))
) STRICT, WITHOUT ROWID;

-- Upkeep is patient and must never take every hand.
INSERT INTO queue (name, running_max) VALUES ('upkeep', 4);

-- Gateways take two invoices a second (Pakasir's own limit).
INSERT INTO queue (name, starts_max, starts_per_ms) VALUES ('invoices', 1, 550);

-- What was done lately; no payload. Numbered in the order of finishing.
CREATE TABLE done_job (
    seq INTEGER PRIMARY KEY,
    job_id INTEGER NOT NULL,
    queue TEXT NOT NULL,
    kind TEXT NOT NULL,
    attempt INTEGER NOT NULL,
    rescues INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    done_at INTEGER NOT NULL
) STRICT;

-- Keys that hold for a period, whatever becomes of their job.
CREATE TABLE job_period (
    key TEXT PRIMARY KEY,
    until INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE INDEX job_period_by_end ON job_period (until);

-- Moments of periodic jobs that were taken note of: each is acted on at most once.
CREATE TABLE job_tick (
    name TEXT NOT NULL,
    tick INTEGER NOT NULL,
    PRIMARY KEY (name, tick)
) STRICT, WITHOUT ROWID;
