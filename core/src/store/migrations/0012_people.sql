-- What the server tells of people: whom one reports to, and the own work card.

-- CBOR of the roster; NULL: none came yet.
ALTER TABLE phone ADD COLUMN roster BLOB;
-- When the server last said that it holds, by the server's clock.
ALTER TABLE phone ADD COLUMN roster_at INTEGER;
