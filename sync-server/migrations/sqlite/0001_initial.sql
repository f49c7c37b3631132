-- Everything the server keeps: places and people, devices, records with their feeds, evidence.
-- Ids are 16 bytes (UUIDv7), hashes 32 bytes, times milliseconds UTC.

CREATE TABLE meta (
    -- Facts about this database as a whole.
    key   TEXT PRIMARY KEY,  -- server_epoch, challenge_secret
    value BLOB NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE org_node (
    -- One place in the organisation tree, from province to micro grid.
    id         BLOB PRIMARY KEY CHECK (length(id) = 16),
    parent     BLOB REFERENCES org_node (id),
    level      TEXT NOT NULL CHECK (level IN ('province', 'prefecture', 'county', 'street', 'area',
                                              'community', 'grid', 'micro_grid')),
    code       TEXT UNIQUE,    -- public code; an attribute that may change, never a key
    name       TEXT NOT NULL,
    path       TEXT NOT NULL,  -- '/<hex id>/<hex id>/' from the root down to this node
    valid_from INTEGER NOT NULL,
    valid_to   INTEGER         -- NULL: still valid
) STRICT, WITHOUT ROWID;
CREATE INDEX org_node_parent ON org_node (parent, code);
CREATE INDEX org_node_path ON org_node (path, level);

CREATE TABLE person (
    -- Somebody who works with the system.
    id            BLOB PRIMARY KEY CHECK (length(id) = 16),
    name          TEXT NOT NULL,
    username      TEXT UNIQUE,    -- NULL: does not sign in to the console
    password_hash TEXT,           -- argon2id, PHC string
    active        INTEGER NOT NULL DEFAULT 1 CHECK (active IN (0, 1)),
    created_at    INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE assignment (
    -- Who works where, as what, from when to when. Access is the union of these.
    id         BLOB PRIMARY KEY CHECK (length(id) = 16),
    person     BLOB NOT NULL REFERENCES person (id),
    node       BLOB NOT NULL REFERENCES org_node (id),
    role       TEXT NOT NULL,     -- grid_worker, grid_head, supervisor, admin
    full_time  INTEGER NOT NULL DEFAULT 1 CHECK (full_time IN (0, 1)),
    valid_from INTEGER NOT NULL,
    valid_to   INTEGER            -- NULL: still valid
) STRICT, WITHOUT ROWID;
CREATE INDEX assignment_person ON assignment (person);
CREATE INDEX assignment_node ON assignment (node);

CREATE TABLE device (
    -- One enrolled phone.
    id                   BLOB PRIMARY KEY CHECK (length(id) = 16),
    person               BLOB NOT NULL REFERENCES person (id),
    name                 TEXT NOT NULL,
    app_version          TEXT NOT NULL,
    algorithm            INTEGER NOT NULL,  -- of the key; 1 = ECDSA P-256 SHA-256
    public_key           BLOB NOT NULL,
    enrolled_at          INTEGER NOT NULL,
    last_seen_at         INTEGER,           -- to the minute, so that polling does not write
    revoked_at           INTEGER,
    last_counter         INTEGER NOT NULL DEFAULT 0,  -- of its manifests
    last_manifest_digest BLOB,
    quarantine_bytes     INTEGER NOT NULL DEFAULT 0   -- held in quarantine for it
) STRICT, WITHOUT ROWID;
CREATE INDEX device_person ON device (person);

CREATE TABLE enrolment_code (
    -- A one-time code, hashed: it makes one phone one person's.
    code_hash  BLOB PRIMARY KEY CHECK (length(code_hash) = 32),
    person     BLOB NOT NULL REFERENCES person (id),
    created_at INTEGER NOT NULL,
    expires_at INTEGER NOT NULL,
    used_at    INTEGER,
    device     BLOB REFERENCES device (id)  -- the phone it made
) STRICT, WITHOUT ROWID;
CREATE INDEX enrolment_code_person ON enrolment_code (person);
CREATE INDEX enrolment_code_device ON enrolment_code (device);

CREATE TABLE actor (
    -- The name a device's app life has inside changes.
    actor         BLOB PRIMARY KEY CHECK (length(actor) = 16),
    device        BLOB NOT NULL REFERENCES device (id),
    incarnation   BLOB NOT NULL CHECK (length(incarnation) = 16),
    first_seen_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX actor_device ON actor (device, first_seen_at);

CREATE TABLE device_session (
    -- A phone's short-lived session; the token itself is never stored.
    token_hash BLOB PRIMARY KEY CHECK (length(token_hash) = 32),
    device     BLOB NOT NULL REFERENCES device (id),
    expires_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX device_session_device ON device_session (device);
CREATE INDEX device_session_expires_at ON device_session (expires_at);

CREATE TABLE console_session (
    -- A person signed in to the console.
    token_hash BLOB PRIMARY KEY CHECK (length(token_hash) = 32),
    person     BLOB NOT NULL REFERENCES person (id),
    csrf_token TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    seen_at    INTEGER NOT NULL,
    expires_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX console_session_person ON console_session (person);
CREATE INDEX console_session_expires_at ON console_session (expires_at);

CREATE TABLE sign_in_attempt (
    -- Wrong passwords per user name, known or not, and per address.
    username      TEXT PRIMARY KEY,  -- or @ and a network address
    failures      INTEGER NOT NULL,
    blocked_until INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE record (
    -- One collected record. The document is the truth, the summary columns are derived from it.
    id             BLOB PRIMARY KEY CHECK (length(id) = 16),
    kind           INTEGER NOT NULL,   -- 1 household, 2 visit, 3 incident
    grid           BLOB NOT NULL REFERENCES org_node (id),
    record_epoch   INTEGER NOT NULL,   -- rises when the document is rebuilt without its history
    document       BLOB NOT NULL,      -- whole Automerge document, saved without compression
    heads          BLOB NOT NULL,      -- 32 bytes each, ascending
    version        INTEGER NOT NULL,   -- rises with every write; who writes says which it read
    title          TEXT NOT NULL,
    person_name    TEXT NOT NULL,
    phone          TEXT NOT NULL,
    state          TEXT NOT NULL,
    category       TEXT NOT NULL,
    urgency        TEXT NOT NULL,
    number         TEXT NOT NULL,
    household      BLOB,               -- of a visit or incident; may not have arrived yet
    occurred_at    INTEGER,
    member_count   INTEGER NOT NULL,
    conflict_count INTEGER NOT NULL,
    edited_at      INTEGER NOT NULL,   -- latest time any phone claims
    search_text    TEXT NOT NULL,
    created_at     INTEGER NOT NULL,   -- server time of the first change
    changed_at     INTEGER NOT NULL    -- server time of the last change
) STRICT;
CREATE INDEX record_list ON record (grid, kind, edited_at);
CREATE INDEX record_snapshot ON record (grid, id);
CREATE INDEX record_household ON record (household, kind) WHERE household IS NOT NULL;
CREATE INDEX record_conflict ON record (grid, kind) WHERE conflict_count > 0;

CREATE TABLE change (
    -- A grid's feed: every accepted change at its place, without gaps.
    grid         BLOB NOT NULL REFERENCES org_node (id),
    seq          INTEGER NOT NULL,  -- from 1, in commit order
    record       BLOB NOT NULL REFERENCES record (id),
    record_epoch INTEGER NOT NULL,
    kind         INTEGER NOT NULL,
    hash         BLOB NOT NULL CHECK (length(hash) = 32),
    actor        BLOB NOT NULL CHECK (length(actor) = 16),
    actor_seq    INTEGER NOT NULL,
    bytes        BLOB NOT NULL,     -- raw Automerge change chunk
    PRIMARY KEY (grid, seq),
    UNIQUE (record, hash),
    UNIQUE (record, actor, actor_seq)  -- a second content for it is a forked actor
) STRICT, WITHOUT ROWID;

CREATE TABLE feed (
    -- Where each grid's feed stands.
    grid      BLOB PRIMARY KEY REFERENCES org_node (id),
    head_seq  INTEGER NOT NULL,  -- last place taken
    floor_seq INTEGER NOT NULL,  -- places up to here are gone; a phone behind it starts over
    digest    BLOB NOT NULL CHECK (length(digest) = 8192)  -- 256 buckets of 32 bytes at head_seq
) STRICT, WITHOUT ROWID;

CREATE TABLE authorship (
    -- Who handed in a change, as the server knows it; what a change says of itself is a claim.
    record           BLOB NOT NULL REFERENCES record (id),
    hash             BLOB NOT NULL CHECK (length(hash) = 32),
    person           BLOB REFERENCES person (id),  -- NULL: the server itself
    device           BLOB REFERENCES device (id),  -- NULL: at the console, or the server itself
    manifest_counter INTEGER,                      -- the signed manifest that named it
    received_at      INTEGER NOT NULL,
    PRIMARY KEY (record, hash)
) STRICT, WITHOUT ROWID;
CREATE INDEX authorship_person ON authorship (person) WHERE person IS NOT NULL;
CREATE INDEX authorship_device ON authorship (device) WHERE device IS NOT NULL;

CREATE TABLE manifest (
    -- Signed lists of what a device handed in: the proof that lasts.
    device      BLOB NOT NULL REFERENCES device (id),
    counter     INTEGER NOT NULL,
    digest      BLOB NOT NULL,
    manifest    BLOB NOT NULL,   -- canonical CBOR as signed
    algorithm   INTEGER NOT NULL,
    signature   BLOB NOT NULL,
    received_at INTEGER NOT NULL,
    PRIMARY KEY (device, counter)
) STRICT, WITHOUT ROWID;

CREATE TABLE quarantine (
    -- Changes that could not be applied, kept with the reason.
    id          BLOB PRIMARY KEY CHECK (length(id) = 16),
    record      BLOB NOT NULL,   -- may name a record that does not exist
    kind        INTEGER NOT NULL,
    grid        BLOB NOT NULL,   -- of the record if known, else as the phone said; may not exist
    hash        BLOB NOT NULL CHECK (length(hash) = 32),  -- as the phone said
    bytes       BLOB NOT NULL,
    code        TEXT NOT NULL,   -- its texts are quarantine-<code> in the message files
    detail      TEXT NOT NULL,
    device      BLOB NOT NULL REFERENCES device (id),
    person      BLOB NOT NULL REFERENCES person (id),
    received_at INTEGER NOT NULL,
    seen_at     INTEGER,         -- somebody looked at it at the console
    seen_by     BLOB REFERENCES person (id),
    UNIQUE (device, record, hash)
) STRICT;
CREATE INDEX quarantine_grid ON quarantine (grid, received_at);
CREATE INDEX quarantine_person ON quarantine (person);
CREATE INDEX quarantine_seen_by ON quarantine (seen_by) WHERE seen_by IS NOT NULL;

CREATE TABLE division (
    -- The state's table of divisions (NBS), as imported.
    code   TEXT PRIMARY KEY,   -- 2 to 12 digits
    name   TEXT NOT NULL,
    level  TEXT NOT NULL,
    parent TEXT
) STRICT, WITHOUT ROWID;
CREATE INDEX division_parent ON division (parent);

CREATE TABLE sequence (
    -- Last number given per series, e.g. case numbers of a day.
    name  TEXT PRIMARY KEY,
    value INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE audit (
    -- What people and devices did that is not a change of a record.
    id     BLOB PRIMARY KEY CHECK (length(id) = 16),
    at     INTEGER NOT NULL,
    person BLOB REFERENCES person (id),
    device BLOB REFERENCES device (id),
    action TEXT NOT NULL,   -- e.g. device_enrolled, manifest_refused
    target TEXT NOT NULL,   -- an id in text form, or empty
    detail TEXT NOT NULL    -- never a resident's data
) STRICT;
CREATE INDEX audit_at ON audit (at);
CREATE INDEX audit_person ON audit (person) WHERE person IS NOT NULL;
CREATE INDEX audit_device ON audit (device) WHERE device IS NOT NULL;
