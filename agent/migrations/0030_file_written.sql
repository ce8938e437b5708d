-- When the shop's database file was last written by a checkpoint, as far as the capture saw: what is written to it otherwise
-- was laid over it past SQLite. None before it was first seen.
ALTER TABLE capture ADD COLUMN file_written TEXT;
