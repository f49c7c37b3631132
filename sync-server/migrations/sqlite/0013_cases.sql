-- Cases of incidents: what lists and the clockwork need, derived from documents.

ALTER TABLE record ADD COLUMN case_summary BLOB;  -- CBOR of the model's CaseSummary; incidents only

CREATE TABLE incident_case (
    -- One incident that has a number. Derived, with its record, in the same transaction.
    record        BLOB PRIMARY KEY REFERENCES record (id),
    grid          BLOB NOT NULL REFERENCES org_node (id),  -- follows the record's (trigger below)
    is_open       INTEGER NOT NULL CHECK (is_open IN (0, 1)),  -- something is still to be done
    sort_at       INTEGER NOT NULL,  -- most pressing first: due, or received as long as it is not filed
    level         TEXT NOT NULL,     -- of the desk that is responsible
    state         TEXT NOT NULL,
    category      TEXT NOT NULL,
    due_at        INTEGER,
    warn_at       INTEGER,           -- from when on a fifth of the time is left
    ended_at      INTEGER,           -- the result was handed in
    is_emergency  INTEGER NOT NULL DEFAULT 0 CHECK (is_emergency IN (0, 1)),
    open_requests INTEGER NOT NULL DEFAULT 0,
    signal_at     INTEGER            -- when the clockwork looks at it next; NULL: not at all
) STRICT, WITHOUT ROWID;
CREATE INDEX incident_case_grid ON incident_case (grid, is_open, sort_at, level);
CREATE INDEX incident_case_inbox ON incident_case (is_open, sort_at, level, grid);
CREATE INDEX incident_case_signal ON incident_case (signal_at) WHERE signal_at IS NOT NULL;
CREATE INDEX incident_case_requests ON incident_case (open_requests) WHERE open_requests > 0;

CREATE TABLE incident_unit (
    -- The unit that has a case, and units that were whistled for and are not done.
    unit   BLOB NOT NULL,  -- may be gone: of places made after the backup a server was restored from
    record BLOB NOT NULL REFERENCES record (id),
    PRIMARY KEY (unit, record)
) STRICT, WITHOUT ROWID;
CREATE INDEX incident_unit_record ON incident_unit (record);

CREATE TRIGGER incident_case_moved AFTER UPDATE OF grid ON record
WHEN new.kind = 3 AND new.grid <> old.grid
BEGIN
    UPDATE incident_case SET grid = new.grid WHERE record = new.id;
END;

CREATE TABLE job_lease (
    -- Work that one server at a time does, and until when it has it.
    name       TEXT PRIMARY KEY,
    holder     BLOB NOT NULL CHECK (length(holder) = 16),
    expires_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- Incidents from before: received, nothing decided.
INSERT INTO incident_case (record, grid, is_open, sort_at, level, state, category)
SELECT id, grid, 1, created_at, 'community', state, category
FROM record WHERE kind = 3 AND number <> '';
