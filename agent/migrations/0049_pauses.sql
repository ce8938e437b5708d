-- It is asked at each turn of a way without edits how often it told within the hour that something was well for a moment.
CREATE INDEX messages_of_pauses ON messages (alert_key, id) WHERE in_passing = 1 AND open = 0;
