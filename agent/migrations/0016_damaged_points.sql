-- What SQLite found wrong with the shop's database when the point was taken from it; nothing when it found it whole, or
-- was not asked: a delta is as sound as the full point under it.
ALTER TABLE restore_point ADD COLUMN damage TEXT;
