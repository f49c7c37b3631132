-- Places, and what few list rows have besides. A table of its own: columns after
-- `record.search_text` would make every list read past the long texts.
CREATE TABLE list_detail (
    record INTEGER PRIMARY KEY REFERENCES record (key) ON DELETE CASCADE,
    -- The place a visit or incident belongs to.
    place BLOB,
    -- How registration and residence of a household part.
    residence TEXT
) STRICT;
CREATE INDEX list_detail_by_place ON list_detail (place) WHERE place IS NOT NULL;
