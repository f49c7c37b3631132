-- Reports that may be one, who reported one incident, and emergencies (平急转换).

ALTER TABLE incident_case ADD COLUMN reporter BLOB;     -- who reported it; NULL: nobody with an account
ALTER TABLE incident_case ADD COLUMN merged_into BLOB;  -- the incident it is a duplicate of
ALTER TABLE incident_case ADD COLUMN reporters INTEGER NOT NULL DEFAULT 1;   -- of it and of what was merged into it
ALTER TABLE incident_case ADD COLUMN press_at INTEGER NOT NULL DEFAULT 0;    -- sort_at, earlier with every reporter more
ALTER TABLE incident_case ADD COLUMN compare_due INTEGER NOT NULL DEFAULT 1; -- it changed since it was compared
UPDATE incident_case SET press_at = sort_at;
DROP INDEX incident_case_grid;
DROP INDEX incident_case_inbox;
CREATE INDEX incident_case_grid ON incident_case (grid, is_open, press_at, level);
CREATE INDEX incident_case_inbox ON incident_case (is_open, press_at, level, grid);
CREATE INDEX incident_case_merged ON incident_case (merged_into) WHERE merged_into IS NOT NULL;
CREATE INDEX incident_case_compare ON incident_case (compare_due) WHERE compare_due = 1;

CREATE TABLE incident_trait (
    -- What is compared of an incident that is not over. Derived, a moment behind its record.
    record    BLOB PRIMARY KEY REFERENCES record (id),
    category  TEXT NOT NULL,
    at        INTEGER NOT NULL,  -- when it happened, or was received
    longitude REAL,              -- WGS-84; NULL with latitude: not known
    latitude  REAL,
    words     TEXT NOT NULL      -- the model's plain_text of title and description
) STRICT, WITHOUT ROWID;
CREATE INDEX incident_trait_class ON incident_trait (category, at);

CREATE TABLE incident_alike (
    -- Two incidents that may be one, once from each side. Derived, with incident_trait.
    record  BLOB NOT NULL REFERENCES record (id),
    other   BLOB NOT NULL REFERENCES record (id),
    metres  INTEGER,           -- between them; NULL: one has no place
    minutes INTEGER NOT NULL,  -- between them
    percent INTEGER NOT NULL,  -- how alike the words are
    PRIMARY KEY (record, other)
) STRICT, WITHOUT ROWID;
CREATE INDEX incident_alike_other ON incident_alike (other);

CREATE TABLE emergency (
    -- Days on which a place works by shorter limits and its reserves are called out.
    id          BLOB PRIMARY KEY CHECK (length(id) = 16),
    node        BLOB NOT NULL REFERENCES org_node (id),  -- the place and what lies below it
    level       INTEGER NOT NULL CHECK (level IN (2, 3)),
    reason      TEXT NOT NULL,
    ordered_by  TEXT NOT NULL,     -- who commands, in words
    starts_at   INTEGER NOT NULL,
    ends_at     INTEGER NOT NULL,  -- earlier than declared if somebody ended it
    person      BLOB NOT NULL REFERENCES person (id),  -- who declared it
    declared_at INTEGER NOT NULL,
    ended_by    BLOB REFERENCES person (id),           -- who ended it before its time
    call_out    BLOB NOT NULL REFERENCES call_out (id),
    is_told     INTEGER NOT NULL DEFAULT 1 CHECK (is_told IN (0, 1))  -- phones hold it
) STRICT, WITHOUT ROWID;
CREATE INDEX emergency_node ON emergency (node);
CREATE INDEX emergency_person ON emergency (person);
CREATE INDEX emergency_ended_by ON emergency (ended_by) WHERE ended_by IS NOT NULL;
CREATE INDEX emergency_call_out ON emergency (call_out);
CREATE INDEX emergency_ends_at ON emergency (ends_at);

CREATE TABLE emergency_check_in (
    -- Who was heard of in an emergency: a phone that synced, or somebody who came.
    emergency BLOB NOT NULL REFERENCES emergency (id),
    person    BLOB NOT NULL REFERENCES person (id),
    means     TEXT NOT NULL CHECK (means IN ('phone', 'console')),
    at        INTEGER NOT NULL,
    noted_by  BLOB REFERENCES person (id),  -- who said so; NULL: the phone itself
    PRIMARY KEY (emergency, person, means)
) STRICT, WITHOUT ROWID;
CREATE INDEX emergency_check_in_person ON emergency_check_in (person);
CREATE INDEX emergency_check_in_noted_by ON emergency_check_in (noted_by) WHERE noted_by IS NOT NULL;

-- Emergencies that nobody took in yet alarm every desk.
CREATE INDEX incident_case_alarm ON incident_case (grid) WHERE is_emergency = 1 AND state = 'reported';

-- The matter of the county's list that a task is (准入); empty: none, so that it needs permission.
ALTER TABLE task ADD COLUMN matter TEXT NOT NULL DEFAULT '';

-- Of papers that are approved level by level (审批性): which levels did, a bit each; NULL: no papers.
ALTER TABLE incident_case ADD COLUMN approved INTEGER;
CREATE INDEX incident_case_approved ON incident_case (grid) WHERE approved IS NOT NULL;
