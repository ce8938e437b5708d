-- The fingerprints of the keys that open a point, ascending, with a space between; none for those of earlier programs.
ALTER TABLE restore_point ADD COLUMN sealed_to TEXT;
