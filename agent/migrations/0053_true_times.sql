-- When that was which a message tells, where it differs from when the message was composed: a trouble that was held back, or
-- had to last, began before. NULL where only the message's own time is known, as in one of an agent before this.
ALTER TABLE messages ADD COLUMN since INTEGER;
