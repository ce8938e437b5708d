-- A remote that is put back is where it was when it was taken out, and that has a time.
ALTER TABLE shipped_before ADD COLUMN commit_at INTEGER NOT NULL DEFAULT 0;
ALTER TABLE shipped_before ADD COLUMN shipped_at INTEGER NOT NULL DEFAULT 0;
