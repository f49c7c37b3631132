-- Assessment: what counting needs of incidents, months that were frozen, ratings.

CREATE TABLE incident_due (
    -- Incidents to be read for what is counted of them. Whatever writes a record leaves it here (by
    -- the triggers below); the counting follows at once, outside of pushes.
    record BLOB PRIMARY KEY REFERENCES record (id)
) STRICT, WITHOUT ROWID;

CREATE TABLE incident_fact (
    -- An incident that was filed and is neither void nor merged, as its document says; derived.
    grid           BLOB NOT NULL REFERENCES org_node (id),
    filed_on       INTEGER NOT NULL,  -- in China, days since 1970-01-01
    record         BLOB NOT NULL REFERENCES record (id),
    filed_at       INTEGER NOT NULL,
    assigned_at    INTEGER,           -- first given to a unit
    signed_at      INTEGER,           -- first signed for after that
    due_at         INTEGER,           -- NULL: the clock stands
    ended_at       INTEGER,           -- the result was handed in
    is_emergency   INTEGER NOT NULL CHECK (is_emergency IN (0, 1)),
    waits_for_unit INTEGER NOT NULL CHECK (waits_for_unit IN (0, 1)),
    is_closed      INTEGER NOT NULL CHECK (is_closed IN (0, 1)),
    is_found       INTEGER NOT NULL CHECK (is_found IN (0, 1)),  -- 0: residents told it
    rating         INTEGER,           -- 1 to 5
    first_check    INTEGER,           -- 1: found done at the first check; NULL: not checked
    refusals       INTEGER NOT NULL,  -- sent back by a unit
    reopened       INTEGER NOT NULL,
    class          TEXT NOT NULL,
    subject        BLOB,              -- the household or place it is about; may not have arrived
    reporter       BLOB,              -- a person
    PRIMARY KEY (grid, filed_on, record)
) STRICT, WITHOUT ROWID;
CREATE UNIQUE INDEX incident_fact_record ON incident_fact (record);

CREATE TABLE incident_problem (
    -- What checks found wanting with somebody's work; derived from the same documents.
    grid    BLOB NOT NULL REFERENCES org_node (id),
    day     INTEGER NOT NULL,  -- when it was found, days since 1970-01-01
    record  BLOB NOT NULL REFERENCES record (id),
    version INTEGER NOT NULL,  -- of the case, by which it was found
    person  BLOB NOT NULL,     -- who had handed in the result
    kind    TEXT NOT NULL,     -- check_failed, reopened
    PRIMARY KEY (grid, day, record, version)
) STRICT, WITHOUT ROWID;
CREATE INDEX incident_problem_record ON incident_problem (record);

CREATE TRIGGER incident_due_new AFTER INSERT ON record WHEN new.kind = 3
BEGIN
    INSERT INTO incident_due SELECT new.id
    WHERE NOT EXISTS (SELECT 1 FROM incident_due WHERE record = new.id);
END;
CREATE TRIGGER incident_due_changed AFTER UPDATE OF heads, grid ON record
WHEN new.kind = 3 AND (new.heads <> old.heads OR new.grid <> old.grid)
BEGIN
    INSERT INTO incident_due SELECT new.id
    WHERE NOT EXISTS (SELECT 1 FROM incident_due WHERE record = new.id);
END;

CREATE TABLE assessment_freeze (
    -- A month as it was counted for a county, once and for good.
    id        BLOB PRIMARY KEY CHECK (length(id) = 16),
    node      BLOB NOT NULL REFERENCES org_node (id),
    month     INTEGER NOT NULL,  -- like 202603
    list      TEXT NOT NULL,     -- the list of indicators by which it was counted, JSON
    version   TEXT NOT NULL,     -- of that list; empty: the built-in one
    person    BLOB REFERENCES person (id),  -- who froze it; NULL: the server, some days after its end
    frozen_at INTEGER NOT NULL,
    UNIQUE (node, month)
) STRICT, WITHOUT ROWID;
CREATE INDEX assessment_freeze_person ON assessment_freeze (person) WHERE person IS NOT NULL;

CREATE TABLE assessment_frozen (
    -- The figures of a frozen month: one row for each place and formula, as places were then.
    freeze  BLOB NOT NULL REFERENCES assessment_freeze (id),
    parent  BLOB NOT NULL,    -- the place above; of the county itself: the county
    node    BLOB NOT NULL,
    formula TEXT NOT NULL,
    part    INTEGER NOT NULL,
    whole   INTEGER NOT NULL,
    name    TEXT NOT NULL,
    code    TEXT NOT NULL,
    level   TEXT NOT NULL,
    PRIMARY KEY (freeze, parent, node, formula)
) STRICT, WITHOUT ROWID;
CREATE INDEX assessment_frozen_node ON assessment_frozen (freeze, node);

CREATE TABLE assessment_rating (
    -- Points a unit gave itself or a peer for a period.
    id       BLOB PRIMARY KEY CHECK (length(id) = 16),
    period   INTEGER NOT NULL,  -- like 202603, 20261, 2026
    node     BLOB NOT NULL REFERENCES org_node (id),
    rater    BLOB NOT NULL REFERENCES org_node (id),  -- the unit that rates; the same: itself
    points   INTEGER NOT NULL CHECK (points BETWEEN 0 AND 100),
    reason   TEXT NOT NULL,
    person   BLOB NOT NULL REFERENCES person (id),
    rated_at INTEGER NOT NULL,
    UNIQUE (period, node, rater)
) STRICT, WITHOUT ROWID;
CREATE INDEX assessment_rating_node ON assessment_rating (node);
CREATE INDEX assessment_rating_rater ON assessment_rating (rater);
CREATE INDEX assessment_rating_person ON assessment_rating (person);

-- Incidents from before these tables.
INSERT INTO incident_due SELECT id FROM record WHERE kind = 3;
