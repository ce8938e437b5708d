-- Of what comes and goes: how often it was what, each rule's name with its count, one a line. Of before nothing is known.
ALTER TABLE floors ADD COLUMN kinds TEXT NOT NULL DEFAULT '';
