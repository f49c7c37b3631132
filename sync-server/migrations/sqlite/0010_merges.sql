-- Duplicates: candidates, the decision that two are not the same, and records merged as aliases.

-- The record this one was merged into; NULL: it stands for itself. Derived from the document.
-- May name a record that has not arrived, or one that was merged itself.
ALTER TABLE record ADD COLUMN merged_into BLOB;
CREATE INDEX record_merged ON record (merged_into) WHERE merged_into IS NOT NULL;

-- Lists and figures are of records that stand for themselves.
DROP INDEX record_list;
CREATE INDEX record_list ON record (grid, kind, edited_at, id, state) WHERE merged_into IS NULL;
DROP INDEX record_recent;
CREATE INDEX record_recent ON record (kind, edited_at, id, grid, state) WHERE merged_into IS NULL;

CREATE TABLE merge_due (
    -- Merged records that changed since their changes were brought to the record they stand for.
    record BLOB PRIMARY KEY REFERENCES record (id)
) STRICT, WITHOUT ROWID;
CREATE TRIGGER merge_due_new AFTER INSERT ON record WHEN new.merged_into IS NOT NULL
BEGIN
    INSERT INTO merge_due SELECT new.id
    WHERE NOT EXISTS (SELECT 1 FROM merge_due WHERE record = new.id);
END;
CREATE TRIGGER merge_due_changed AFTER UPDATE OF heads ON record
WHEN new.merged_into IS NOT NULL AND new.heads <> old.heads
BEGIN
    INSERT INTO merge_due SELECT new.id
    WHERE NOT EXISTS (SELECT 1 FROM merge_due WHERE record = new.id);
END;
-- Brought over once the record it stands for arrives (a restored server is given records back).
CREATE TRIGGER merge_due_arrived AFTER INSERT ON record
WHEN EXISTS (SELECT 1 FROM record WHERE merged_into = new.id)
BEGIN
    INSERT INTO merge_due SELECT record.id FROM record
    WHERE record.merged_into = new.id
      AND NOT EXISTS (SELECT 1 FROM merge_due WHERE merge_due.record = record.id);
END;

-- Visits of a merged household count for the one it stands for: both are counted again.
CREATE TRIGGER visit_due_merged AFTER UPDATE OF merged_into ON record
WHEN new.kind = 1 AND new.merged_into IS NOT old.merged_into
BEGIN
    INSERT INTO visit_due SELECT record.id FROM record
    WHERE record.id IN (new.id, new.merged_into, old.merged_into)
      AND NOT EXISTS (SELECT 1 FROM visit_due WHERE visit_due.record = record.id);
END;
CREATE TRIGGER visit_due_merged_new AFTER INSERT ON record
WHEN new.kind = 1 AND new.merged_into IS NOT NULL
BEGIN
    INSERT INTO visit_due SELECT record.id FROM record
    WHERE record.id IN (new.id, new.merged_into)
      AND NOT EXISTS (SELECT 1 FROM visit_due WHERE visit_due.record = record.id);
END;

CREATE TABLE duplicate_pair (
    -- Two records that share a match key, each pair once; derived with the keys.
    one    BLOB NOT NULL CHECK (length(one) = 16),
    other  BLOB NOT NULL CHECK (length(other) = 16 AND one < other),
    surest INTEGER NOT NULL,  -- place of the surest thing they share, 0 for an identity number
    shared INTEGER NOT NULL,  -- what they share: one bit per number of a match kind
    PRIMARY KEY (one, other)
) STRICT, WITHOUT ROWID;
CREATE INDEX duplicate_pair_other ON duplicate_pair (other);
CREATE INDEX duplicate_pair_surest ON duplicate_pair (surest, one, other);

CREATE TABLE not_duplicate (
    -- Pairs of which a person said that they are two.
    one    BLOB NOT NULL,
    other  BLOB NOT NULL CHECK (one < other),
    person BLOB NOT NULL REFERENCES person (id),
    at     INTEGER NOT NULL,
    PRIMARY KEY (one, other)
) STRICT, WITHOUT ROWID;
CREATE INDEX not_duplicate_person ON not_duplicate (person);

-- Keys are those of the model now, of places as well; they are made again from the documents.
DELETE FROM match_key;
UPDATE indexed SET keys = x'';
INSERT OR IGNORE INTO unindexed (record) SELECT id FROM record WHERE kind IN (1, 4);
