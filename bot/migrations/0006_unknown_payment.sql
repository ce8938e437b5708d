-- Orders that a gateway speaks of and this shop never had: after a restore, those of customers of the time that was undone.

CREATE TABLE unknown_payment (
    gateway TEXT NOT NULL,
    order_code TEXT NOT NULL,
    noted_at INTEGER NOT NULL,
    -- What the gateway itself says was paid; nothing is told before it does.
    amount INTEGER,
    PRIMARY KEY (gateway, order_code)
) STRICT, WITHOUT ROWID;

CREATE INDEX unknown_payment_by_age ON unknown_payment (noted_at);
