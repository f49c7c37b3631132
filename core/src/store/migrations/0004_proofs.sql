-- What the server signed is kept, so that a server restored from an older
-- backup can be given back, with proof, what others and it itself had written.

CREATE TABLE proof (
    -- In the order received.
    position INTEGER PRIMARY KEY,
    grid BLOB NOT NULL CHECK (length(grid) = 16),
    -- Feed number of the snapshot it is a page of; NULL for a page of the feed.
    as_of INTEGER,
    -- CBOR of the page's header, hashes and signature.
    proof BLOB NOT NULL
) STRICT;

CREATE INDEX proof_by_grid ON proof (grid);

-- While the server is given back what it lost: proofs at and above this
-- position are done. NULL otherwise.
ALTER TABLE phone ADD COLUMN giving_back INTEGER;

-- The last record done of the proof at that position; NULL if it is done whole.
ALTER TABLE phone ADD COLUMN giving_back_after BLOB;
