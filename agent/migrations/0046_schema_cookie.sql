-- What SQLite counts changes to the definitions by, after the newest segment: whatever puts another state into the database
-- through SQLite raises it.
ALTER TABLE capture ADD COLUMN schema_cookie INTEGER;
