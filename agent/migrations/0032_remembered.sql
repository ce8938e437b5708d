-- What the agent has found out once and must still know when it cannot find it out: one word or path under each name.
CREATE TABLE remembered (
    name  TEXT NOT NULL PRIMARY KEY,
    value TEXT NOT NULL
) STRICT, WITHOUT ROWID;
