-- Which of several owners took it on: as they are called in Telegram, for the owners alone to read.
ALTER TABLE episodes ADD COLUMN acked_by TEXT
    CONSTRAINT who_only_where_it_was_taken_on CHECK (acked_by IS NULL OR acked_at IS NOT NULL);
-- When a restart of the bot by the agent had ended, well or not; none while it goes on, or where the agent ended before it.
ALTER TABLE bot_restarts ADD COLUMN ended_at INTEGER;
UPDATE bot_restarts SET ended_at = at;
