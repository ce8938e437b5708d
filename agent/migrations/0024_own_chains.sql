-- Every chain that this agent began, or knows a point of: also when retention has let all of its points go. What is of
-- another one may be another agent's that writes to the same remote.
CREATE TABLE own_chain (chain TEXT PRIMARY KEY NOT NULL) STRICT, WITHOUT ROWID;
INSERT OR IGNORE INTO own_chain (chain)
    SELECT json_extract(manifest, '$.chain') FROM restore_point WHERE json_extract(manifest, '$.chain') IS NOT NULL
    UNION SELECT chain FROM capture
    UNION SELECT chain FROM segment
    UNION SELECT chain FROM shipping WHERE chain IS NOT NULL
    UNION SELECT chain FROM spool_drop;
