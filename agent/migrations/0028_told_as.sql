-- Since when an alert is, or was, the gravest that it has been; and the rule by which a message, or the newest change of
-- one, named it to the owner.
ALTER TABLE alerts ADD COLUMN gravest_since INTEGER;
ALTER TABLE alerts ADD COLUMN told TEXT;
UPDATE alerts SET gravest_since = rule_since WHERE gravest = rule;
UPDATE alerts SET told = rule WHERE episode IN (SELECT id FROM episodes WHERE told_at IS NOT NULL);
