-- How self-tests went: on this phone only, never sent.

CREATE TABLE quiz_result (
    position INTEGER PRIMARY KEY,
    grid BLOB NOT NULL CHECK (length(grid) = 16),
    at INTEGER NOT NULL,
    asked INTEGER NOT NULL,
    right INTEGER NOT NULL
) STRICT;
