-- Duplicates that the server merged: such a record stays, and is shown as the one it was merged into.

CREATE TABLE alias (
    -- Few records are one: a table of its own keeps every other row as short as it was.
    record INTEGER PRIMARY KEY REFERENCES record (key) ON DELETE CASCADE,
    -- The record it was merged into; may not be on this phone, and may be merged itself.
    merged_into BLOB NOT NULL CHECK (length(merged_into) = 16)
) STRICT;

-- Addresses are compared as the server does. Documents are opened again for their signs in idle
-- moments, which also finds aliases that an older app took for ordinary records.
UPDATE match_key SET signs = NULL;
