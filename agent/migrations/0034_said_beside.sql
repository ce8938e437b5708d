-- What a summary says of a message beyond its headline, beside its text.
-- `also`: what else is wrong by it, a line each. `was`: what is over by it.
ALTER TABLE messages ADD COLUMN also TEXT NOT NULL DEFAULT '';
ALTER TABLE messages ADD COLUMN was TEXT;
