-- The shop's whole memory. Money in whole rupiah, moments in UTC milliseconds.
-- Constraints carry the names of the rules that they hold; forward only, never edited.

CREATE TABLE setting (
    name TEXT PRIMARY KEY,
    value TEXT NOT NULL
) STRICT, WITHOUT ROWID;

-- One row a Telegram user; no name and no number is kept.
CREATE TABLE customer (
    id INTEGER PRIMARY KEY,
    language TEXT CONSTRAINT language_is_known CHECK (language IN ('id', 'en')),
    first_seen_at INTEGER NOT NULL,
    blocked_at INTEGER
) STRICT;

CREATE TABLE product (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    sku TEXT NOT NULL CONSTRAINT sku_is_unique UNIQUE,
    name TEXT NOT NULL CONSTRAINT name_is_short CHECK (length(name) BETWEEN 1 AND 60),
    category TEXT NOT NULL DEFAULT '',
    description TEXT NOT NULL DEFAULT '',
    terms TEXT NOT NULL DEFAULT '',
    price INTEGER NOT NULL CONSTRAINT price_is_payable CHECK (price BETWEEN 500 AND 10000000),
    on_sale INTEGER NOT NULL DEFAULT 1 CONSTRAINT on_sale_is_boolean CHECK (on_sale IN (0, 1)),
    created_at INTEGER NOT NULL
) STRICT;

CREATE TABLE shop_order (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    -- What customer and gateway call it. Never reused, not even after a restore to an earlier point.
    code TEXT NOT NULL CONSTRAINT code_is_unique UNIQUE,
    customer_id INTEGER NOT NULL REFERENCES customer (id),
    product_id INTEGER NOT NULL REFERENCES product (id),
    product_name TEXT NOT NULL,
    price INTEGER NOT NULL,
    state TEXT NOT NULL CONSTRAINT order_state_is_known CHECK (
        state IN ('awaiting_payment', 'paid', 'delivered', 'expired', 'cancelled', 'review', 'refund_due', 'refunded')
    ),
    placed_at INTEGER NOT NULL,
    pay_before INTEGER NOT NULL,
    paid_at INTEGER,
    delivered_at INTEGER,
    CONSTRAINT paid_at_iff_money_came CHECK (
        (paid_at IS NOT NULL) = (state IN ('paid', 'delivered', 'review', 'refund_due', 'refunded'))
    ),
    CONSTRAINT delivered_at_iff_delivered CHECK ((delivered_at IS NOT NULL) = (state = 'delivered'))
) STRICT;

CREATE INDEX order_of_customer ON shop_order (customer_id, id);
CREATE INDEX order_awaiting ON shop_order (id) WHERE state = 'awaiting_payment';
CREATE INDEX order_undelivered ON shop_order (paid_at) WHERE state = 'paid';

CREATE TABLE stock_item (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    product_id INTEGER NOT NULL REFERENCES product (id),
    content TEXT NOT NULL,
    -- SHA-256 of the content: a line that the shop ever held cannot come in again.
    content_hash BLOB NOT NULL CONSTRAINT stock_line_is_new UNIQUE,
    state TEXT NOT NULL CONSTRAINT stock_state_is_known CHECK (state IN ('free', 'held', 'reserved', 'sold', 'removed')),
    order_id INTEGER REFERENCES shop_order (id),
    added_at INTEGER NOT NULL,
    CONSTRAINT order_iff_taken CHECK ((state IN ('reserved', 'sold')) = (order_id IS NOT NULL))
) STRICT;

CREATE UNIQUE INDEX one_item_an_order ON stock_item (order_id) WHERE order_id IS NOT NULL;
CREATE INDEX stock_free ON stock_item (product_id, id) WHERE state = 'free';

CREATE TABLE payment (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    order_id INTEGER NOT NULL REFERENCES shop_order (id),
    gateway TEXT NOT NULL,
    txn_id TEXT NOT NULL,
    amount INTEGER NOT NULL,
    fee INTEGER NOT NULL,
    total INTEGER NOT NULL,
    qr TEXT NOT NULL,
    sandbox INTEGER NOT NULL CONSTRAINT sandbox_is_boolean CHECK (sandbox IN (0, 1)),
    state TEXT NOT NULL CONSTRAINT payment_state_is_known CHECK (state IN ('open', 'completed', 'canceled')),
    -- What the gateway says was paid; differs from amount when the payment went to review.
    paid_amount INTEGER,
    asked_at INTEGER,
    created_at INTEGER NOT NULL,
    completed_at INTEGER,
    CONSTRAINT txn_is_unique UNIQUE (gateway, txn_id),
    CONSTRAINT completed_at_iff_completed CHECK ((completed_at IS NOT NULL) = (state = 'completed')),
    CONSTRAINT paid_amount_iff_completed CHECK ((paid_amount IS NOT NULL) = (state = 'completed'))
) STRICT;

CREATE INDEX payment_of_order ON payment (order_id);

-- Money that came and is not ours to keep until a seller says so.
CREATE TABLE refund (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    payment_id INTEGER NOT NULL REFERENCES payment (id) CONSTRAINT one_refund_a_payment UNIQUE,
    order_id INTEGER NOT NULL REFERENCES shop_order (id),
    amount INTEGER NOT NULL,
    reason TEXT NOT NULL CONSTRAINT refund_reason_is_known CHECK (reason IN ('late', 'second', 'wrong_amount')),
    state TEXT NOT NULL CONSTRAINT refund_state_is_known CHECK (state IN ('due', 'done', 'kept')),
    due_at INTEGER NOT NULL,
    settled_at INTEGER,
    settled_by INTEGER,
    CONSTRAINT settled_at_iff_settled CHECK ((settled_at IS NOT NULL) = (state <> 'due'))
) STRICT;

CREATE INDEX refund_due ON refund (id) WHERE state = 'due';

-- Double entry: the lines of one posting add up to zero. Lines are never changed and never removed.
CREATE TABLE ledger_line (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    posting INTEGER NOT NULL,
    at INTEGER NOT NULL,
    account TEXT NOT NULL CONSTRAINT account_is_known CHECK (account IN ('gateway', 'sales', 'owed_back', 'review')),
    amount INTEGER NOT NULL CONSTRAINT amount_is_not_zero CHECK (amount <> 0),
    payment_id INTEGER NOT NULL REFERENCES payment (id)
) STRICT;

CREATE TRIGGER ledger_is_never_changed BEFORE UPDATE ON ledger_line
BEGIN SELECT RAISE(ABORT, 'ledger_is_never_changed'); END;
CREATE TRIGGER ledger_is_never_removed BEFORE DELETE ON ledger_line
BEGIN SELECT RAISE(ABORT, 'ledger_is_never_removed'); END;

-- What a gateway posted to us: a hint, stored before it is acknowledged, unique by its bytes.
CREATE TABLE notification (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    gateway TEXT NOT NULL,
    digest BLOB NOT NULL,
    order_code TEXT NOT NULL,
    txn_id TEXT NOT NULL,
    received_at INTEGER NOT NULL,
    times INTEGER NOT NULL DEFAULT 1,
    CONSTRAINT notification_is_unique UNIQUE (gateway, digest)
) STRICT;

-- Telegram's updates, stored before they are confirmed. The body is dropped once it is handled.
CREATE TABLE inbox (
    update_id INTEGER PRIMARY KEY,
    body TEXT,
    state TEXT NOT NULL CONSTRAINT inbox_state_is_known CHECK (state IN ('new', 'done', 'poison')),
    tries INTEGER NOT NULL DEFAULT 0,
    received_at INTEGER NOT NULL,
    handled_at INTEGER,
    error TEXT,
    CONSTRAINT body_until_done CHECK ((state = 'done') = (body IS NULL)),
    CONSTRAINT handled_at_iff_handled CHECK ((handled_at IS NULL) = (state = 'new'))
) STRICT;

CREATE INDEX inbox_new ON inbox (update_id) WHERE state = 'new';
CREATE INDEX inbox_handled ON inbox (handled_at) WHERE state = 'done';

-- Messages to Telegram, stored in the transaction that decided them.
CREATE TABLE send (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    chat_id INTEGER NOT NULL,
    lane INTEGER NOT NULL CONSTRAINT lane_is_known CHECK (lane IN (0, 1, 2)),
    policy TEXT NOT NULL CONSTRAINT policy_is_known CHECK (policy IN ('harmless', 'notice', 'once')),
    purpose TEXT NOT NULL CONSTRAINT purpose_is_known CHECK (
        purpose IN ('answer', 'screen', 'notice', 'qr', 'placeholder', 'goods', 'edit')
    ),
    order_id INTEGER REFERENCES shop_order (id),
    -- What an edit changes: a message that Telegram numbered, or one of ours that may itself still be waiting.
    edits_message INTEGER,
    edits_send INTEGER REFERENCES send (id),
    body TEXT,
    state TEXT NOT NULL CONSTRAINT send_state_is_known CHECK (
        state IN ('waiting', 'sending', 'sent', 'unknown', 'failed')
    ),
    not_before INTEGER NOT NULL,
    attempt INTEGER NOT NULL DEFAULT 0,
    repeats INTEGER NOT NULL DEFAULT 0,
    boot INTEGER,
    message_id INTEGER,
    error TEXT,
    created_at INTEGER NOT NULL,
    settled_at INTEGER,
    CONSTRAINT one_target CHECK (edits_message IS NULL OR edits_send IS NULL),
    CONSTRAINT goods_have_an_order CHECK (purpose NOT IN ('goods', 'placeholder', 'qr') OR order_id IS NOT NULL),
    CONSTRAINT body_while_open CHECK (body IS NOT NULL OR state NOT IN ('waiting', 'sending')),
    CONSTRAINT settled_at_iff_settled CHECK ((settled_at IS NOT NULL) = (state IN ('sent', 'unknown', 'failed')))
) STRICT;

CREATE INDEX send_waiting ON send (chat_id, lane, id) WHERE state = 'waiting';
CREATE INDEX send_sending ON send (id) WHERE state = 'sending';
CREATE INDEX send_of_order ON send (order_id, purpose) WHERE order_id IS NOT NULL;
CREATE INDEX send_settled ON send (settled_at) WHERE state IN ('sent', 'failed');

CREATE TABLE job (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
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
    created_at INTEGER NOT NULL,
    error TEXT,
    CONSTRAINT claim_iff_running CHECK (
        (state = 'running') = (claim IS NOT NULL AND boot IS NOT NULL AND lease_until IS NOT NULL)
    )
) STRICT;

CREATE INDEX job_ready ON job (priority, id) WHERE state = 'ready';
CREATE INDEX job_due ON job (run_at) WHERE state = 'scheduled';
CREATE INDEX job_lease ON job (lease_until) WHERE state = 'running';
CREATE UNIQUE INDEX job_is_unique ON job (unique_key) WHERE unique_key IS NOT NULL;

CREATE TABLE dead_job (
    id INTEGER PRIMARY KEY,
    kind TEXT NOT NULL,
    payload TEXT NOT NULL,
    attempt INTEGER NOT NULL,
    rescues INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    died_at INTEGER NOT NULL,
    error TEXT NOT NULL
) STRICT;

CREATE TABLE incident (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    at INTEGER NOT NULL,
    kind TEXT NOT NULL,
    severity TEXT NOT NULL CONSTRAINT severity_is_known CHECK (severity IN ('info', 'warning', 'critical')),
    text TEXT NOT NULL
) STRICT;

-- What a seller was asked and has not answered yet.
CREATE TABLE dialogue (
    chat_id INTEGER PRIMARY KEY,
    step TEXT NOT NULL,
    asked_at INTEGER NOT NULL
) STRICT;
