-- A save no longer waits for the search index: that touched as many pages as
-- everything else in it together. See docs/adr/0011-a-save-is-indexed-later.md.

-- `unindexed` now also names records whose text changed since they were indexed.
ALTER TABLE unindexed ADD COLUMN
    -- 1 if the index still holds an older text of the record.
    outdated INTEGER NOT NULL DEFAULT 0;

-- One index less to keep; the grid is looked at while walking the others.
DROP INDEX record_by_grid;
DROP INDEX record_by_time;
DROP INDEX record_by_kind;
CREATE INDEX record_by_time ON record (sorted_at, key, grid);
CREATE INDEX record_by_kind ON record (kind, sorted_at, key, grid);
