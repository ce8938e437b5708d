-- What is over is named by the gravest that it was, not by what was seen of it last.
-- `gravest`: the rule by which it was as grave as `loudest`; NULL while it is pending.
ALTER TABLE alerts ADD COLUMN gravest TEXT;
-- Of one trouble that comes and goes an hour holds three messages.
-- `messages`: how many of them are sent.
ALTER TABLE floors ADD COLUMN messages INTEGER NOT NULL DEFAULT 2;
