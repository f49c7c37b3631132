-- A push writes every row below once for each change, so an index nobody asks is paid for by every phone.

-- Two changes with one hash have one actor and number too, so the second uniqueness holds the first.
CREATE TABLE change_lean (
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
    UNIQUE (record, actor, actor_seq)  -- a second content for it is a forked actor
) STRICT, WITHOUT ROWID;
INSERT INTO change_lean
SELECT grid, seq, record, record_epoch, kind, hash, actor, actor_seq, bytes FROM change;
DROP TABLE change;
ALTER TABLE change_lean RENAME TO change;

-- People and phones are never deleted, and nobody looks authorship up by them; references would ask
-- for an index each.
CREATE TABLE authorship_lean (
    -- Who handed in a change, as the server knows it; what a change says of itself is a claim.
    record           BLOB NOT NULL REFERENCES record (id),
    hash             BLOB NOT NULL CHECK (length(hash) = 32),
    person           BLOB,     -- a person's id; NULL: the server itself
    device           BLOB,     -- a device's id; NULL: at the console, or the server itself
    manifest_counter INTEGER,  -- the signed manifest that named it
    received_at      INTEGER NOT NULL,
    PRIMARY KEY (record, hash)
) STRICT, WITHOUT ROWID;
INSERT INTO authorship_lean
SELECT record, hash, person, device, manifest_counter, received_at FROM authorship;
DROP TABLE authorship;
ALTER TABLE authorship_lean RENAME TO authorship;
CREATE TRIGGER handed_in_new AFTER INSERT ON authorship WHEN new.person IS NOT NULL
BEGIN
    INSERT OR IGNORE INTO handed_in
    SELECT record.grid, (new.received_at + 28800000) / 86400000, new.person, record.id, record.kind,
           (record.created_at + 28800000) / 86400000 = (new.received_at + 28800000) / 86400000
    FROM record WHERE record.id = new.record;
END;
