-- Strangers who got their sentence within the hour, by number: a restart of the agent must not give them another one.
CREATE TABLE stranger_answered (
    chat       INTEGER PRIMARY KEY,
    at         INTEGER NOT NULL
) STRICT;
