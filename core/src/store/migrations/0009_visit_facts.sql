-- A day's plan is computed without opening documents: what it needs of each household and visit is
-- kept beside them, read from the document at leisure, like the search index.

CREATE TABLE household_fact (
    record INTEGER PRIMARY KEY REFERENCES record (key) ON DELETE CASCADE,
    -- CBOR of the model's HouseholdFact.
    fact BLOB NOT NULL
) STRICT;

CREATE TABLE visit_fact (
    record INTEGER PRIMARY KEY REFERENCES record (key) ON DELETE CASCADE,
    -- Days from 1970-01-01 to the day it was made, in China; NULL without a time.
    day INTEGER,
    -- Who began the record, to tell "mine" where the visit does not say whose it is.
    author BLOB,
    -- CBOR of the model's VisitFact.
    fact BLOB NOT NULL
) STRICT;

-- `unindexed` now names what is due of each record: its text for the search index, its facts.
ALTER TABLE unindexed ADD COLUMN text_due INTEGER NOT NULL DEFAULT 1;
ALTER TABLE unindexed ADD COLUMN facts_due INTEGER NOT NULL DEFAULT 1;

-- How this build reads facts (the model's FACTS); another number: they are all read again.
ALTER TABLE phone ADD COLUMN facts INTEGER NOT NULL DEFAULT 0;

-- The places above a grid, nearest first, 16 bytes each: the nearest one's rules hold.
ALTER TABLE grid ADD COLUMN above BLOB NOT NULL DEFAULT x'';
