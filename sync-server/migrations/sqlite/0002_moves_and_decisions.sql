-- Records that move between grids, and what a supervisor decided on late edits.

-- How often the record was moved; a phone tells by it which word about the record is newer.
ALTER TABLE record ADD COLUMN moves INTEGER NOT NULL DEFAULT 0;

CREATE TABLE record_move (
    -- Each move of a record takes one place in the feed it leaves and one in the feed it enters.
    -- Kept for good: who sent a record where. Its places may lie below a feed's floor.
    record    BLOB NOT NULL REFERENCES record (id),
    moves     INTEGER NOT NULL,  -- 1 for its first move
    from_grid BLOB NOT NULL REFERENCES org_node (id),
    from_seq  INTEGER NOT NULL,  -- its place in that feed
    to_grid   BLOB NOT NULL REFERENCES org_node (id),
    to_seq    INTEGER NOT NULL,
    person    BLOB REFERENCES person (id),  -- NULL: at the command line, or from before a restore
    moved_at  INTEGER NOT NULL,
    PRIMARY KEY (record, moves),
    UNIQUE (from_grid, from_seq),
    UNIQUE (to_grid, to_seq)
) STRICT, WITHOUT ROWID;
CREATE INDEX record_move_person ON record_move (person) WHERE person IS NOT NULL;

CREATE TABLE decision (
    -- What was decided on a change under review (in quarantine, code under_review), to be told to
    -- its author.
    number     INTEGER PRIMARY KEY,  -- a phone asks for what follows the last it was told
    quarantine BLOB NOT NULL UNIQUE REFERENCES quarantine (id),
    device     BLOB NOT NULL REFERENCES device (id),
    accepted   INTEGER NOT NULL CHECK (accepted IN (0, 1)),
    reason     TEXT NOT NULL,        -- why not; empty if accepted
    person     BLOB NOT NULL REFERENCES person (id),
    decided_at INTEGER NOT NULL
) STRICT;
CREATE INDEX decision_device ON decision (device, number);
CREATE INDEX decision_person ON decision (person);
