-- What ledger imports remember: each household as a file last had it, and what columns meant.

CREATE TABLE ledger_row (
    -- A household of a ledger as it was last imported. A file that has it unchanged changes nothing,
    -- whatever became of the household since; one that has a cell changed changes that field only.
    key         BLOB PRIMARY KEY CHECK (length(key) = 16),  -- keyed hash of grid and household number or address
    record      BLOB NOT NULL,                              -- what it became
    digest      BLOB NOT NULL CHECK (length(digest) = 16),  -- keyed hash of all its cells
    cells       BLOB NOT NULL,                              -- 10 bytes a cell: which field, keyed hash of its value
    imported_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE ledger_template (
    -- What the columns of one kind of table mean, as a person said.
    person   BLOB NOT NULL REFERENCES person (id),
    name     TEXT NOT NULL,
    headings BLOB NOT NULL CHECK (length(headings) = 32),  -- SHA-256 of all headings: the same table again
    mapping  TEXT NOT NULL,                                -- JSON: target by heading
    used_at  INTEGER NOT NULL,
    PRIMARY KEY (person, name)
) STRICT, WITHOUT ROWID;
