-- What people answer from their phones to the roll call of an emergency.

CREATE TABLE emergency_answer (
    -- Under the id the phone gave it: sent twice it is one. Decided once and never changed.
    id         BLOB PRIMARY KEY CHECK (length(id) = 16),
    emergency  BLOB NOT NULL REFERENCES emergency (id),
    person     BLOB NOT NULL REFERENCES person (id),
    state      TEXT NOT NULL CHECK (state IN ('in_place', 'on_the_way', 'cannot_come')),
    reason     TEXT NOT NULL,     -- why not; may be empty
    given_at   INTEGER NOT NULL,  -- by the phone's clock, not after it came
    decided_at INTEGER NOT NULL,
    code       TEXT NOT NULL      -- why it does not count; empty: it does
) STRICT, WITHOUT ROWID;
CREATE INDEX emergency_answer_roll ON emergency_answer (emergency, person, given_at);
CREATE INDEX emergency_answer_person ON emergency_answer (person);
