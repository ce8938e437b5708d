-- Goods of several messages, and goods that are files.

-- A file that Telegram keeps: its name for this bot, and what its sender called it. The words in content come with it.
ALTER TABLE stock_item ADD COLUMN file_id TEXT CONSTRAINT file_id_is_short CHECK (length(file_id) BETWEEN 1 AND 256);
ALTER TABLE stock_item ADD COLUMN file_name TEXT
    CONSTRAINT file_name_iff_file CHECK ((file_name IS NULL) = (file_id IS NULL));

-- Which part of the goods a message holds, or is the frame for; from 0.
ALTER TABLE send ADD COLUMN part INTEGER NOT NULL DEFAULT 0 CONSTRAINT part_counts_from_0 CHECK (part >= 0);
