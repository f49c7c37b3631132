-- What the server tells of people, what is answered to roll calls, how self-tests went.

-- CBOR of the roster; NULL: none came yet.
ALTER TABLE phone ADD COLUMN roster BLOB;
-- When the server last said that it holds, by the server's clock.
ALTER TABLE phone ADD COLUMN roster_at INTEGER;

CREATE TABLE roll_answer (
    -- Answers to the roll call of emergencies, until the server decided on them and after, in the
    -- order given.
    position INTEGER PRIMARY KEY,
    id BLOB NOT NULL UNIQUE CHECK (length(id) = 16),
    emergency BLOB NOT NULL CHECK (length(emergency) = 16),
    -- A word of the model's RollState.
    state TEXT NOT NULL,
    -- Why not; may be empty.
    reason TEXT NOT NULL,
    given_at INTEGER NOT NULL,
    -- When the server decided; NULL: it has not.
    decided_at INTEGER,
    -- Why it does not count; empty: it does, or nothing is decided.
    code TEXT NOT NULL DEFAULT ''
) STRICT;

CREATE INDEX roll_answer_pending ON roll_answer (position) WHERE decided_at IS NULL;

CREATE TABLE quiz_result (
    -- On this phone only, never sent.
    position INTEGER PRIMARY KEY,
    grid BLOB NOT NULL CHECK (length(grid) = 16),
    at INTEGER NOT NULL,
    asked INTEGER NOT NULL,
    correct INTEGER NOT NULL
) STRICT;
