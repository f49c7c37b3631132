-- Who was asked first, the duty roster with the counts of its rates, where workers last were.

ALTER TABLE incident_case ADD COLUMN first_asked BLOB;  -- who keeps track of it (首问责任); NULL: nobody took it up yet
UPDATE incident_case SET first_asked = reporter;
CREATE INDEX incident_case_first_asked ON incident_case (first_asked, is_open DESC, press_at)
    WHERE first_asked IS NOT NULL;

CREATE TABLE duty (
    -- Somebody is on duty at a place (值班表).
    id           BLOB PRIMARY KEY CHECK (length(id) = 16),
    node         BLOB NOT NULL REFERENCES org_node (id),
    person       BLOB NOT NULL REFERENCES person (id),
    starts_at    INTEGER NOT NULL,
    ends_at      INTEGER NOT NULL CHECK (ends_at > starts_at),
    note         TEXT NOT NULL,
    planned_by   BLOB NOT NULL REFERENCES person (id),
    planned_at   INTEGER NOT NULL,
    cancelled_by BLOB REFERENCES person (id),
    cancelled_at INTEGER              -- it does not count and is kept
) STRICT, WITHOUT ROWID;
CREATE INDEX duty_node ON duty (node, starts_at);
CREATE INDEX duty_person ON duty (person, starts_at);
CREATE INDEX duty_planned_by ON duty (planned_by);
CREATE INDEX duty_cancelled_by ON duty (cancelled_by) WHERE cancelled_by IS NOT NULL;

CREATE TABLE rate_count (
    -- What somebody counted for one of the four rates (四率): of so many, so many.
    id           BLOB PRIMARY KEY CHECK (length(id) = 16),
    node         BLOB NOT NULL REFERENCES org_node (id),
    rate         TEXT NOT NULL,     -- a word of the model's DutyRate
    day          INTEGER NOT NULL,  -- days since 1970-01-01
    part         INTEGER NOT NULL,
    whole        INTEGER NOT NULL CHECK (whole > 0 AND part BETWEEN 0 AND whole),
    note         TEXT NOT NULL,     -- how it was counted
    person       BLOB NOT NULL REFERENCES person (id),
    counted_at   INTEGER NOT NULL,
    withdrawn_by BLOB REFERENCES person (id),
    withdrawn_at INTEGER              -- it does not count and is kept
) STRICT, WITHOUT ROWID;
CREATE INDEX rate_count_node ON rate_count (node, day);
CREATE INDEX rate_count_person ON rate_count (person);
CREATE INDEX rate_count_withdrawn_by ON rate_count (withdrawn_by) WHERE withdrawn_by IS NOT NULL;

CREATE TABLE worker_spot (
    -- Where somebody last was, as a visit or report of theirs says; of the latest day only, and
    -- rounded to about a hundred metres. Derived, a moment behind the records.
    person    BLOB PRIMARY KEY REFERENCES person (id),
    grid      BLOB NOT NULL REFERENCES org_node (id),
    at        INTEGER NOT NULL,
    kind      INTEGER NOT NULL,     -- of the record that says so
    longitude REAL NOT NULL,        -- WGS-84
    latitude  REAL NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX worker_spot_grid ON worker_spot (grid, at);
