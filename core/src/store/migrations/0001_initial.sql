-- The first layout of a phone's database. Ids, hashes and actors are raw bytes;
-- lists of hashes are the hashes one after another; times are milliseconds UTC.

CREATE TABLE phone (
    -- Who and where this phone is. Exactly one row.
    one INTEGER PRIMARY KEY CHECK (one = 1),
    -- This app life; see docs/database.md, "A restored or copied store".
    incarnation BLOB NOT NULL CHECK (length(incarnation) = 16),
    -- The same bytes as in the file `incarnation` beside the database.
    token BLOB NOT NULL CHECK (length(token) = 32),
    -- Counter of the last manifest.
    counter INTEGER NOT NULL DEFAULT 0,
    -- Enrolment: all NULL before.
    server TEXT,
    pin BLOB,
    device BLOB,
    person BLOB,
    person_name TEXT,
    server_epoch BLOB,
    -- CBOR of the public key that signs feed pages.
    server_key BLOB,
    session_token TEXT,
    session_expires_at INTEGER,
    -- Version of the grants in `grid`; 0 for none.
    grants_version INTEGER NOT NULL DEFAULT 0,
    synced_at INTEGER,
    -- Oldest app version the server lets write; NULL if it said nothing.
    minimum_version TEXT,
    -- How often the write-ahead log was started anew.
    log_starts INTEGER NOT NULL DEFAULT 0
) STRICT;

CREATE TABLE own_actor (
    -- Every actor this phone has written under, to tell "mine" from others'.
    actor BLOB PRIMARY KEY CHECK (length(actor) = 16),
    incarnation BLOB NOT NULL,
    since INTEGER NOT NULL
) STRICT;

CREATE TABLE grid (
    id BLOB PRIMARY KEY CHECK (length(id) = 16),
    code TEXT NOT NULL,
    name TEXT NOT NULL,
    place TEXT NOT NULL,
    role TEXT NOT NULL,
    -- 1 while the person works there; 0 while only unsent edits are left.
    granted INTEGER NOT NULL,
    -- Order in which the server lists the grids.
    position INTEGER NOT NULL,
    -- Last feed number applied; NULL until the snapshot is complete.
    seq INTEGER,
    -- Snapshot under way: its feed number and the last record of it.
    as_of INTEGER,
    after BLOB,
    -- 1 if records that the snapshot does not name must stay: after the server
    -- started a new life they may be the only copies left.
    keeps_absent INTEGER NOT NULL DEFAULT 0,
    -- 256 sums of 32 bytes over the records' server_heads.
    digest BLOB NOT NULL CHECK (length(digest) = 8192)
) STRICT;

CREATE TABLE record (
    -- Short local number, used by the other tables and by search.
    key INTEGER PRIMARY KEY,
    id BLOB NOT NULL UNIQUE CHECK (length(id) = 16),
    kind INTEGER NOT NULL,
    grid BLOB NOT NULL CHECK (length(grid) = 16),
    record_epoch INTEGER NOT NULL DEFAULT 0,
    -- Heads of the document on this phone, and as the server has it (NULL if
    -- it does not have the record, as far as the phone knows).
    heads BLOB NOT NULL,
    server_heads BLOB,
    -- Changes beside the snapshot.
    loose_count INTEGER NOT NULL DEFAULT 0,
    loose_bytes INTEGER NOT NULL DEFAULT 0,
    snapshot_bytes INTEGER NOT NULL DEFAULT 0,
    -- 1 while the snapshot is the server's and nobody has opened it yet.
    received INTEGER NOT NULL DEFAULT 0,
    -- 1 if the document could not be read and is to be fetched again.
    damaged INTEGER NOT NULL DEFAULT 0,
    pending_count INTEGER NOT NULL DEFAULT 0,
    refusal_count INTEGER NOT NULL DEFAULT 0,
    -- From here on: the summary, rebuildable from the document.
    conflict_count INTEGER NOT NULL DEFAULT 0,
    -- 0 on this phone, 1 at the server, 2 needs attention.
    sync_state INTEGER NOT NULL GENERATED ALWAYS AS (
        CASE WHEN pending_count > 0 THEN 0
             WHEN refusal_count + conflict_count > 0 THEN 2
             ELSE 1 END
    ) VIRTUAL,
    household BLOB,
    occurred_at INTEGER,
    edited_at INTEGER NOT NULL,
    -- occurred_at, or else edited_at: the order of lists.
    sorted_at INTEGER NOT NULL GENERATED ALWAYS AS (coalesce(occurred_at, edited_at)) VIRTUAL,
    member_count INTEGER NOT NULL DEFAULT 0,
    title TEXT NOT NULL,
    person_name TEXT NOT NULL,
    phone TEXT NOT NULL,
    state TEXT NOT NULL,
    category TEXT NOT NULL,
    urgency TEXT NOT NULL,
    number TEXT NOT NULL,
    -- Last, because it may spill onto other pages that lists need not read.
    search_text TEXT NOT NULL
) STRICT;

CREATE INDEX record_by_time ON record (sorted_at, key);
CREATE INDEX record_by_kind ON record (kind, sorted_at, key);
CREATE INDEX record_by_grid ON record (grid, kind, sorted_at, key);
CREATE INDEX record_by_household ON record (household, sorted_at, key)
    WHERE household IS NOT NULL;
CREATE INDEX record_unsettled ON record (sync_state, sorted_at, key)
    WHERE sync_state <> 1;

CREATE INDEX record_loose ON record (loose_count) WHERE loose_count > 5;

CREATE TABLE document (
    -- The compacted part of a record's document; absent until the first
    -- compaction. A table of its own, so that lists do not read past it.
    record INTEGER PRIMARY KEY REFERENCES record (key) ON DELETE CASCADE,
    snapshot BLOB NOT NULL
) STRICT;

CREATE TABLE change (
    -- Changes since the snapshot, in the order they were applied.
    record INTEGER NOT NULL REFERENCES record (key) ON DELETE CASCADE,
    n INTEGER NOT NULL,
    hash BLOB NOT NULL,
    bytes BLOB NOT NULL,
    PRIMARY KEY (record, n)
) STRICT, WITHOUT ROWID;

CREATE TABLE outbox (
    -- Every change made on this phone, in the order made. Kept after the
    -- receipt, so that a server restored from a backup can be given it again.
    position INTEGER PRIMARY KEY,
    record INTEGER NOT NULL REFERENCES record (key) ON DELETE CASCADE,
    hash BLOB NOT NULL,
    deps BLOB NOT NULL,
    -- As signed: a later move of the record does not alter what was signed.
    grid BLOB NOT NULL,
    record_epoch INTEGER NOT NULL,
    incarnation BLOB NOT NULL,
    -- 0 pending, 1 receipted, 2 refused, 3 waits for others' changes.
    status INTEGER NOT NULL,
    -- How often the server asked for something else first.
    attempts INTEGER NOT NULL DEFAULT 0,
    -- The unanswered manifest it is in.
    counter INTEGER,
    at INTEGER NOT NULL,
    receipted_at INTEGER,
    -- CBOR of the field edits, to author them again under another actor if
    -- need be; dropped with the receipt.
    edits BLOB,
    UNIQUE (record, hash)
) STRICT;

CREATE INDEX outbox_waiting ON outbox (position) WHERE status IN (0, 3);
CREATE INDEX outbox_by_counter ON outbox (counter, position) WHERE counter IS NOT NULL;

CREATE TABLE manifest (
    -- The signed manifest that has no answer yet; sent again unchanged.
    counter INTEGER PRIMARY KEY,
    incarnation BLOB NOT NULL,
    -- CBOR of the manifest with its signature.
    signed BLOB NOT NULL,
    count INTEGER NOT NULL
) STRICT;

CREATE TABLE refusal (
    -- What the server did not take, for the author to see.
    record INTEGER NOT NULL REFERENCES record (key) ON DELETE CASCADE,
    hash BLOB NOT NULL,
    code TEXT NOT NULL,
    detail TEXT NOT NULL,
    at INTEGER NOT NULL,
    PRIMARY KEY (record, hash)
) STRICT, WITHOUT ROWID;

CREATE TABLE quarantine (
    -- What came from the server and did not pass the guard.
    id INTEGER PRIMARY KEY,
    record BLOB NOT NULL,
    grid BLOB NOT NULL,
    hash BLOB NOT NULL,
    bytes BLOB NOT NULL,
    code TEXT NOT NULL,
    detail TEXT NOT NULL,
    at INTEGER NOT NULL
) STRICT;

CREATE INDEX quarantine_by_record ON quarantine (record);

CREATE TABLE erased (
    -- Records that were erased for good; nothing brings them back.
    record BLOB PRIMARY KEY CHECK (length(record) = 16),
    -- A change of this phone that was still unsent, if there was one.
    hash BLOB,
    at INTEGER NOT NULL,
    -- 1 once the search index forgot it too.
    purged INTEGER NOT NULL DEFAULT 0
) STRICT;

CREATE TABLE draft (
    id BLOB PRIMARY KEY CHECK (length(id) = 16),
    kind INTEGER NOT NULL,
    grid BLOB,
    record BLOB,
    -- CBOR of the field edits as typed.
    edits BLOB NOT NULL,
    saved_at INTEGER NOT NULL
) STRICT;

-- Full text by groups of three characters. Words of one and two characters are
-- looked up as beginnings of groups, which is why the text ends in two spaces.
CREATE VIRTUAL TABLE search USING fts5 (
    text, content = '', contentless_delete = 1, tokenize = 'trigram'
);
-- Merging its pieces belongs into idle moments (`tidy`) and not into a save.
INSERT INTO search (search, rank) VALUES ('automerge', 0);
CREATE VIRTUAL TABLE search_term USING fts5vocab ('search', 'instance');

CREATE TABLE unindexed (
    -- Records a snapshot brought that are not in the index yet: a first sync
    -- would take twice as long. They are found by reading their texts until
    -- then.
    record INTEGER PRIMARY KEY REFERENCES record (key) ON DELETE CASCADE
) STRICT;
