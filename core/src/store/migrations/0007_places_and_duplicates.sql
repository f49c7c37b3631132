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

CREATE TABLE match_key (
    -- What tells that two households or places are one: for each sign its kind
    -- and the first 8 bytes of its keyed hash. NULL until the document was
    -- opened. One row per record and not one per sign, because a save writes
    -- whole pages and these rows lie side by side.
    record INTEGER PRIMARY KEY REFERENCES record (key) ON DELETE CASCADE,
    signs BLOB
) STRICT;
CREATE INDEX match_key_due ON match_key (record) WHERE signs IS NULL;
INSERT INTO match_key (record) SELECT key FROM record WHERE kind IN (1, 4);

-- Key of the hashes in `match_key`: random, made here, never sent.
ALTER TABLE phone ADD COLUMN match_secret BLOB;
