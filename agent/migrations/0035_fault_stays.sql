-- Whether what the capture stands still for passes by nothing but somebody's hand: then nobody waits with telling it.
ALTER TABLE capture_fault ADD COLUMN stays INTEGER NOT NULL DEFAULT 0;
