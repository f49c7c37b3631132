-- Places (record kind 4), and two more columns of the list row.

-- Of a visit or incident: the place it belongs to; may not have arrived yet.
ALTER TABLE record ADD COLUMN place BLOB;
-- Of a household: how registration and residence part; NULL where they do not.
ALTER TABLE record ADD COLUMN residence TEXT;
CREATE INDEX record_place ON record (place, kind) WHERE place IS NOT NULL;
