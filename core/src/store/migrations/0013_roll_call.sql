-- Answers to the roll call of emergencies, until the server decided on them and after.

CREATE TABLE roll_answer (
    -- In the order given.
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
