-- The field work: how incidents came about.

-- Of an incident: a code of the model's SOURCE; NULL where nobody said.
ALTER TABLE record ADD COLUMN source TEXT;
CREATE INDEX record_source ON record (grid, source) WHERE source IS NOT NULL;

CREATE TABLE follow_up_mark (
    -- Somebody is to be visited by one named worker (restricted, ADR 0030): shown to that worker and
    -- to the officer who ordered it, and never part of a record. Deleted when it ends.
    id         BLOB PRIMARY KEY CHECK (length(id) = 16),
    household  BLOB NOT NULL REFERENCES record (id),
    member     TEXT NOT NULL,     -- an entry of the household's members; empty: the household
    assignee   BLOB NOT NULL REFERENCES person (id),
    officer    BLOB NOT NULL REFERENCES person (id),
    period     TEXT NOT NULL,     -- week, month, quarter, half_year, year
    count      INTEGER NOT NULL,  -- visits in each
    starts_on  INTEGER NOT NULL,  -- days since 1970-01-01
    ends_on    INTEGER NOT NULL,  -- the last day
    basis      TEXT NOT NULL,     -- the law or order that allows it
    note       TEXT NOT NULL,     -- for the assignee
    ordered_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX follow_up_mark_household ON follow_up_mark (household);
CREATE INDEX follow_up_mark_assignee ON follow_up_mark (assignee);
CREATE INDEX follow_up_mark_officer ON follow_up_mark (officer);
CREATE INDEX follow_up_mark_end ON follow_up_mark (ends_on);

CREATE TABLE survey (
    -- Questions asked at the door of the grids below a place. Phones get a reference set.
    id         BLOB PRIMARY KEY CHECK (length(id) = 16),
    node       BLOB NOT NULL REFERENCES org_node (id),
    title      TEXT NOT NULL,
    note       TEXT NOT NULL,
    starts_on  INTEGER NOT NULL,  -- days since 1970-01-01
    ends_on    INTEGER NOT NULL,  -- the last day
    questions  TEXT NOT NULL,     -- JSON
    created_by BLOB NOT NULL REFERENCES person (id),
    created_at INTEGER NOT NULL,
    closed_at  INTEGER            -- phones do not have it any more
) STRICT, WITHOUT ROWID;
CREATE INDEX survey_node ON survey (node);
CREATE INDEX survey_created_by ON survey (created_by);
CREATE INDEX survey_open ON survey (ends_on) WHERE closed_at IS NULL;

CREATE TABLE survey_answer (
    -- What was answered on a visit; derived from its document.
    record   BLOB NOT NULL REFERENCES record (id),
    survey   BLOB NOT NULL,    -- may be of a server before a restore
    question TEXT NOT NULL,
    chosen   TEXT NOT NULL,    -- one code; several rows where several may be chosen
    PRIMARY KEY (record, survey, question, chosen)
) STRICT, WITHOUT ROWID;
CREATE INDEX survey_answer_survey ON survey_answer (survey, record);

CREATE TABLE handed_in (
    -- Which records somebody handed in something of, by day (in China, days since 1970-01-01), in the
    -- grid they were in then. Written with the authorship; what the daily and weekly sums count.
    grid   BLOB NOT NULL REFERENCES org_node (id),
    day    INTEGER NOT NULL,
    person BLOB NOT NULL,     -- as in authorship, which has the reference
    record BLOB NOT NULL,
    kind   INTEGER NOT NULL,
    is_new INTEGER NOT NULL CHECK (is_new IN (0, 1)),  -- the record's first day
    PRIMARY KEY (grid, day, person, record)
) STRICT, WITHOUT ROWID;
CREATE TRIGGER handed_in_new AFTER INSERT ON authorship WHEN new.person IS NOT NULL
BEGIN
    INSERT OR IGNORE INTO handed_in
    SELECT record.grid, (new.received_at + 28800000) / 86400000, new.person, record.id, record.kind,
           (record.created_at + 28800000) / 86400000 = (new.received_at + 28800000) / 86400000
    FROM record WHERE record.id = new.record;
END;
INSERT OR IGNORE INTO handed_in
SELECT record.grid, (authorship.received_at + 28800000) / 86400000, authorship.person, record.id,
       record.kind,
       (record.created_at + 28800000) / 86400000 = (authorship.received_at + 28800000) / 86400000
FROM authorship JOIN record ON record.id = authorship.record WHERE authorship.person IS NOT NULL;

-- Of a visit: the grid it is in, who made it, when to come again, the earliest day something was
-- promised for that is not kept, and whether something was asked for and is not settled.
ALTER TABLE visit_fact ADD COLUMN grid BLOB;
ALTER TABLE visit_fact ADD COLUMN visitor BLOB;
ALTER TABLE visit_fact ADD COLUMN follow_up_on INTEGER;
ALTER TABLE visit_fact ADD COLUMN promised_on INTEGER;
ALTER TABLE visit_fact ADD COLUMN open_demand INTEGER NOT NULL DEFAULT 0;
CREATE INDEX visit_fact_grid ON visit_fact (grid, day);
CREATE INDEX visit_fact_follow_up ON visit_fact (grid, follow_up_on)
    WHERE follow_up_on IS NOT NULL;
CREATE INDEX visit_fact_promised ON visit_fact (grid, promised_on) WHERE promised_on IS NOT NULL;

CREATE TABLE visit_opinion (
    -- How many opinions of a category were heard on a visit, and settled since; derived.
    record   BLOB NOT NULL REFERENCES record (id),
    category TEXT NOT NULL,
    heard    INTEGER NOT NULL,
    settled  INTEGER NOT NULL,
    PRIMARY KEY (record, category)
) STRICT, WITHOUT ROWID;

CREATE TABLE hazard (
    -- Hazards of households and places, in the grid the record is in; derived.
    record   BLOB NOT NULL REFERENCES record (id),
    hazard   TEXT NOT NULL,     -- its entry
    grid     BLOB NOT NULL REFERENCES org_node (id),
    kind     TEXT NOT NULL,
    state    TEXT NOT NULL,     -- open, fixed, closed
    found_on INTEGER,           -- days since 1970-01-01
    due_on   INTEGER,           -- from when on somebody is to look again
    incident BLOB,              -- may not have arrived
    PRIMARY KEY (record, hazard)
) STRICT, WITHOUT ROWID;
CREATE INDEX hazard_grid ON hazard (grid, found_on);
INSERT OR IGNORE INTO unindexed (record) SELECT id FROM record WHERE kind IN (1, 4);

CREATE TABLE call_out (
    -- People assigned beforehand (预编) at or below a place have access from one moment to another.
    id         BLOB PRIMARY KEY CHECK (length(id) = 16),
    node       BLOB NOT NULL REFERENCES org_node (id),
    starts_at  INTEGER NOT NULL,
    ends_at    INTEGER NOT NULL,  -- earlier than ordered if somebody ended it
    reason     TEXT NOT NULL,
    person     BLOB NOT NULL REFERENCES person (id),
    ordered_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX call_out_node ON call_out (node);
CREATE INDEX call_out_person ON call_out (person);

CREATE TABLE task (
    -- What a department asks of grids (条线任务); once let in (事项准入) it is a campaign.
    id         BLOB PRIMARY KEY CHECK (length(id) = 16),
    node       BLOB NOT NULL REFERENCES org_node (id),
    title      TEXT NOT NULL,
    note       TEXT NOT NULL,
    kind       TEXT NOT NULL,     -- of its visits
    starts_on  INTEGER NOT NULL,  -- days since 1970-01-01
    ends_on    INTEGER NOT NULL,  -- the last day
    basis      TEXT NOT NULL,     -- what it rests on
    filed_by   BLOB NOT NULL REFERENCES person (id),
    filed_at   INTEGER NOT NULL,
    state      TEXT NOT NULL,     -- filed, admitted, refused
    reason     TEXT NOT NULL,     -- why it was refused
    campaign   BLOB REFERENCES campaign (id),
    decided_by BLOB REFERENCES person (id),
    decided_at INTEGER
) STRICT, WITHOUT ROWID;
CREATE INDEX task_node ON task (node);
CREATE INDEX task_filed_by ON task (filed_by);
CREATE INDEX task_campaign ON task (campaign) WHERE campaign IS NOT NULL;
CREATE INDEX task_decided_by ON task (decided_by) WHERE decided_by IS NOT NULL;

-- Visits are read again for what is kept of them since.
INSERT OR IGNORE INTO visit_due SELECT id FROM record WHERE kind = 2;
