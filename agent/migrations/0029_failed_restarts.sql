-- Why a restart of the bot by the agent failed; none where it did not.
ALTER TABLE bot_restarts ADD COLUMN failed TEXT;
