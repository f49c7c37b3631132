-- Visits that count: coverage of each grid by month, quarter and year, and campaigns.

CREATE TABLE visit_due (
    -- Visits to be judged and households to be counted again. Whatever writes a record leaves it
    -- here (by the triggers below); the counting follows at once, outside of pushes.
    record BLOB PRIMARY KEY REFERENCES record (id)
) STRICT, WITHOUT ROWID;

CREATE TABLE visit_rejudge (
    -- Grids whose rules of visits changed: their visits are judged again, one after the other.
    grid  BLOB PRIMARY KEY REFERENCES org_node (id),
    after BLOB NOT NULL           -- up to this record it is done
) STRICT, WITHOUT ROWID;

CREATE TABLE visit_fact (
    -- What judging and counting needs of each visit; derived from its document.
    record    BLOB PRIMARY KEY REFERENCES record (id),
    household BLOB,               -- may not have arrived
    day       INTEGER,            -- of the visit in China, days since 1970-01-01; NULL: no time
    counts    INTEGER NOT NULL CHECK (counts IN (0, 1)),  -- by the rules of its grid, by itself
    fact      BLOB NOT NULL       -- CBOR of the model's VisitFact
) STRICT, WITHOUT ROWID;
CREATE INDEX visit_fact_household ON visit_fact (household, day, counts)
    WHERE household IS NOT NULL;

CREATE TABLE household_period (
    -- Households with a visit that counts: one row per month (202603), quarter (20261) and year
    -- (2026), in the grid the household is in.
    grid      BLOB NOT NULL REFERENCES org_node (id),
    period    INTEGER NOT NULL,
    household BLOB NOT NULL REFERENCES record (id),
    PRIMARY KEY (grid, period, household)
) STRICT, WITHOUT ROWID;
CREATE INDEX household_period_household ON household_period (household);

CREATE TABLE campaign (
    -- Households a supervisor wants visited by a day. Phones get a reference set per grid.
    id         BLOB PRIMARY KEY CHECK (length(id) = 16),
    title      TEXT NOT NULL,
    note       TEXT NOT NULL,
    kind       TEXT NOT NULL,     -- of its visits
    starts_on  INTEGER NOT NULL,  -- days since 1970-01-01
    ends_on    INTEGER NOT NULL,  -- the last day
    checks     TEXT NOT NULL,     -- JSON: what to check at each household
    created_by BLOB NOT NULL REFERENCES person (id),
    created_at INTEGER NOT NULL,
    closed_at  INTEGER            -- phones do not have it any more
) STRICT, WITHOUT ROWID;
CREATE INDEX campaign_created_by ON campaign (created_by);
CREATE INDEX campaign_open ON campaign (ends_on) WHERE closed_at IS NULL;

CREATE TABLE campaign_household (
    campaign  BLOB NOT NULL REFERENCES campaign (id),
    household BLOB NOT NULL REFERENCES record (id),
    grid      BLOB NOT NULL REFERENCES org_node (id),  -- the household's, as long as it is open
    done_on   INTEGER,            -- day of the first visit that serves it
    PRIMARY KEY (campaign, household)
) STRICT, WITHOUT ROWID;
CREATE INDEX campaign_household_household ON campaign_household (household);
CREATE INDEX campaign_household_grid ON campaign_household (grid, campaign, done_on);

CREATE TRIGGER visit_due_new AFTER INSERT ON record
WHEN new.kind = 2 OR (new.kind = 1 AND EXISTS (
    SELECT 1 FROM visit_fact WHERE visit_fact.household = new.id))
BEGIN
    INSERT INTO visit_due SELECT new.id
    WHERE NOT EXISTS (SELECT 1 FROM visit_due WHERE record = new.id);
END;
CREATE TRIGGER visit_due_changed AFTER UPDATE OF heads ON record
WHEN new.kind = 2 AND new.heads <> old.heads
BEGIN
    INSERT INTO visit_due SELECT new.id
    WHERE NOT EXISTS (SELECT 1 FROM visit_due WHERE record = new.id);
END;
CREATE TRIGGER visit_due_moved AFTER UPDATE OF grid ON record
WHEN new.kind IN (1, 2) AND new.grid <> old.grid
BEGIN
    INSERT INTO visit_due SELECT new.id
    WHERE NOT EXISTS (SELECT 1 FROM visit_due WHERE record = new.id);
END;

-- Visits from before this table.
INSERT INTO visit_due SELECT id FROM record WHERE kind = 2;
