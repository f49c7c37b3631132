-- Records move between grids, and late edits are decided on at the server.

-- How often the record was moved, as far as the phone knows: of two words about
-- where it is, the one with more moves is the newer.
ALTER TABLE record ADD COLUMN moves INTEGER NOT NULL DEFAULT 0;

-- Number of the last decision the server told about this phone's changes.
ALTER TABLE phone ADD COLUMN last_decision INTEGER NOT NULL DEFAULT 0;
