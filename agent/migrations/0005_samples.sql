-- Five-minute figures of what the watch measures: a ring of eight days, in which each slot is written over in its turn.
-- Ordered by slot first, so that one write touches one page and not one of each series.
CREATE TABLE sample (
    slot        INTEGER NOT NULL,
    series      TEXT    NOT NULL,
    -- The beginning of the five minutes, in milliseconds since 1970 in UTC.
    at          INTEGER NOT NULL,
    mean        REAL    NOT NULL,
    least       REAL    NOT NULL,
    most        REAL    NOT NULL,
    PRIMARY KEY (slot, series),
    CONSTRAINT slot_in_the_ring CHECK (slot BETWEEN 0 AND 2303),
    CONSTRAINT mean_is_between CHECK (least <= mean AND mean <= most)
) STRICT, WITHOUT ROWID;
