-- What a phone needs to survive a damaged file and a second process.

-- Counts the openings. Whoever finds another number than its own is not the
-- only one who writes, whatever the lock says.
ALTER TABLE phone ADD COLUMN generation INTEGER NOT NULL DEFAULT 0;

CREATE TABLE recovery (
    -- Damage that was made good, for the person to know.
    id INTEGER PRIMARY KEY,
    at INTEGER NOT NULL,
    -- Name of the damaged file that was set aside; NULL if none was.
    file TEXT,
    reason TEXT NOT NULL,
    -- Unsent changes that were kept.
    unsent INTEGER NOT NULL,
    -- Records with unsent changes whose older part comes with the next sync.
    incomplete INTEGER NOT NULL,
    -- 1 once the person was told.
    seen INTEGER NOT NULL DEFAULT 0
) STRICT;
