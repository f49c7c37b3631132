-- What residents report and are told, and work orders of the hotline 12345.

CREATE TABLE report_code (
    -- Whoever reads this code off a wall may report what is wrong there, without an account.
    code       TEXT PRIMARY KEY,  -- in the address /r/<code>; twelve characters nobody can guess
    grid       BLOB NOT NULL REFERENCES org_node (id),  -- where its reports go
    place      BLOB REFERENCES record (id),  -- it hangs at a place: its reports go to that one's grid
    label      TEXT NOT NULL,     -- where it hangs, in words; shown to everybody
    created_by BLOB NOT NULL REFERENCES person (id),
    created_at INTEGER NOT NULL,
    revoked_by BLOB REFERENCES person (id),
    revoked_at INTEGER            -- nobody can report by it any more
) STRICT, WITHOUT ROWID;
CREATE INDEX report_code_grid ON report_code (grid);
CREATE INDEX report_code_place ON report_code (place) WHERE place IS NOT NULL;
CREATE INDEX report_code_created_by ON report_code (created_by);
CREATE INDEX report_code_revoked_by ON report_code (revoked_by) WHERE revoked_by IS NOT NULL;

CREATE TABLE resident_report (
    -- A report by such a code. The number is kept here and in no record (ADR 0033).
    record      BLOB PRIMARY KEY CHECK (length(record) = 16),  -- the incident, written after this row
    code        TEXT NOT NULL REFERENCES report_code (code),
    tracking    BLOB NOT NULL UNIQUE CHECK (length(tracking) = 32),  -- SHA-256 of what the resident got
    phone       TEXT,              -- whom to tell; NULL: nobody, or forgotten
    stage       TEXT NOT NULL,     -- the last step that was told: a word of the model's ReportStage
    received_at INTEGER NOT NULL,
    told_at     INTEGER NOT NULL   -- when that step was
) STRICT, WITHOUT ROWID;
CREATE INDEX resident_report_code ON resident_report (code, received_at);
CREATE INDEX resident_report_phone ON resident_report (told_at) WHERE phone IS NOT NULL;

CREATE TABLE message (
    -- A message to somebody outside, until a gateway took it.
    id         BLOB PRIMARY KEY CHECK (length(id) = 16),  -- a gateway drops the same id a second time
    record     BLOB NOT NULL REFERENCES record (id),  -- the incident it tells of; the household it goes to
    notice     BLOB CHECK (length(notice) = 16),  -- of all messages of one notice; NULL: told by a case
    person     BLOB REFERENCES person (id),  -- who sent the notice
    phone      TEXT NOT NULL,     -- empty once it is forgotten
    text_id    TEXT NOT NULL,     -- of the message files
    arguments  TEXT NOT NULL,     -- JSON object of texts
    state      TEXT NOT NULL,     -- queued, sent, failed
    attempts   INTEGER NOT NULL,
    problem    TEXT NOT NULL,     -- of the last attempt; empty: none
    created_at INTEGER NOT NULL,
    next_at    INTEGER,           -- when it is tried next; NULL: not any more
    changed_at INTEGER NOT NULL   -- the last attempt
) STRICT, WITHOUT ROWID;
CREATE INDEX message_record ON message (record);
CREATE INDEX message_person ON message (person, created_at) WHERE person IS NOT NULL;
CREATE INDEX message_next ON message (next_at) WHERE next_at IS NOT NULL;
CREATE INDEX message_state ON message (state, created_at);
CREATE INDEX message_created ON message (created_at);
CREATE INDEX message_phone ON message (changed_at) WHERE phone <> '';

CREATE TABLE hotline_order (
    -- A work order of 12345 (政务服务便民热线).
    number      TEXT PRIMARY KEY,  -- the hotline's
    node        BLOB NOT NULL REFERENCES org_node (id),  -- the place it was brought in for
    grid        BLOB REFERENCES org_node (id),  -- where it happened; NULL: nobody said
    record      BLOB NOT NULL UNIQUE CHECK (length(record) = 16),  -- the incident, once class and grid are known
    category    TEXT NOT NULL,     -- class of ours; empty: theirs is on no list
    content     TEXT NOT NULL,     -- JSON of the model's HotlineOrder
    later       TEXT,              -- JSON of what came last under this number and says otherwise
    later_at    INTEGER,
    imported_by BLOB NOT NULL REFERENCES person (id),
    imported_at INTEGER NOT NULL,
    exported_at INTEGER            -- its result was given back
) STRICT, WITHOUT ROWID;
CREATE INDEX hotline_order_node ON hotline_order (node, imported_at);
CREATE INDEX hotline_order_grid ON hotline_order (grid) WHERE grid IS NOT NULL;
CREATE INDEX hotline_order_imported_by ON hotline_order (imported_by);
