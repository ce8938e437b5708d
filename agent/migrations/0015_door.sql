-- Wrong codes before dangerous commands of the console: a restart of the agent must not open what they closed.
ALTER TABLE console ADD COLUMN wrong_codes INTEGER NOT NULL DEFAULT 0;
ALTER TABLE console ADD COLUMN closed_until INTEGER;
