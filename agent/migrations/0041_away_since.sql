-- Since when what an alert is about has been away instead, as after a stop on purpose that has not lasted yet.
ALTER TABLE alerts ADD COLUMN away_since INTEGER;
