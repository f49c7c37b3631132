-- A save writes fewer pages. See docs/adr/0018-small-pages.md.

-- Loose changes in the order of arrival: a new one goes to the end of the
-- table. Sorted by record they were put between others, and each second one
-- split a page and shifted its neighbours.
CREATE TABLE arriving (
    position INTEGER PRIMARY KEY,
    record INTEGER NOT NULL REFERENCES record (key) ON DELETE CASCADE,
    hash BLOB NOT NULL,
    bytes BLOB NOT NULL
) STRICT;
INSERT INTO arriving (record, hash, bytes)
SELECT record, hash, bytes FROM change ORDER BY record, n;
DROP TABLE change;
ALTER TABLE arriving RENAME TO change;
CREATE INDEX change_by_record ON change (record);

-- Which records are unsettled, no longer in which order: that changed with
-- every edit of one, and few enough are to be sorted when they are shown.
DROP INDEX record_unsettled;
CREATE INDEX record_unsettled ON record (sync_state) WHERE sync_state <> 1;
