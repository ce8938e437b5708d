-- 0 when the point was asked for on some remotes alone: the schedule goes on as if it were not there.
ALTER TABLE restore_point ADD COLUMN is_for_all INTEGER NOT NULL DEFAULT 1
    CONSTRAINT for_all_or_not CHECK (is_for_all IN (0, 1));
-- 0 until SQLite has looked at this very state of the shop's database, or at a later one: what that look finds is written
-- down for every point that waits for it. Points from before this column are left as they are.
ALTER TABLE restore_point ADD COLUMN is_checked INTEGER NOT NULL DEFAULT 1
    CONSTRAINT checked_or_not CHECK (is_checked IN (0, 1));
-- Damage is rare, and asked for often: a point counts when neither it nor what it stands on is among these.
CREATE INDEX restore_point_damaged ON restore_point (point) WHERE damage IS NOT NULL;
