-- Where a way ends: one and the same for all ways that lead to one chat of the one bot, whatever road they take there.
ALTER TABLE deliveries ADD COLUMN place TEXT NOT NULL DEFAULT '';
UPDATE deliveries SET place = CASE chat_id WHEN 0 THEN rung ELSE 'chat ' || chat_id END;
-- When a way was asked and was there, where its place had got the message by another one already.
ALTER TABLE deliveries ADD COLUMN there_at INTEGER;
