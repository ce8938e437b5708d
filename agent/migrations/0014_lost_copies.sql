-- When a comparison found the copy's database or manifest missing or altered there, or that of the full point under it;
-- nothing while it is whole as far as is known.
ALTER TABLE restore_point_copy ADD COLUMN lost_at INTEGER;
