-- Tokens by which programs use the JSON API on behalf of a person.

CREATE TABLE api_token (
    hash       BLOB PRIMARY KEY,  -- SHA-256 of the token: a copy of the database opens nothing
    id         BLOB NOT NULL UNIQUE,
    person     BLOB NOT NULL REFERENCES person (id),  -- whose scope it has
    name       TEXT NOT NULL,     -- which program, in the administrator's words
    created_at INTEGER NOT NULL,
    expires_at INTEGER NOT NULL,
    revoked_at INTEGER,
    seen_at    INTEGER            -- last use, to the minute
) STRICT, WITHOUT ROWID;
CREATE INDEX api_token_person ON api_token (person);
