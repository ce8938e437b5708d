-- What went out in the time that a restore undid: another database shows it as sold, and nothing here sells it again.

ALTER TABLE stock_item ADD COLUMN withheld INTEGER NOT NULL DEFAULT 0
    CONSTRAINT withheld_is_never_free CHECK (withheld IN (0, 1) AND (withheld = 0 OR state <> 'free'));

CREATE INDEX stock_withheld ON stock_item (product_id) WHERE withheld = 1;
