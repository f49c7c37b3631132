-- Finding records in a whole district: lists in order, words in texts, and what makes two the same.

-- Lists of one grid or a few, and the figures of each, without reading a record.
DROP INDEX record_list;
CREATE INDEX record_list ON record (grid, kind, edited_at, id, state);
-- Lists of many grids, newest first, walked until a page is full.
CREATE INDEX record_recent ON record (kind, edited_at, id, grid, state);

CREATE TABLE unindexed (
    -- Records of which `indexed`, `search` and `match_key` do not know the present state. They are
    -- brought up to date a moment after the commit, and are found by reading them until then.
    record BLOB PRIMARY KEY REFERENCES record (id)
) STRICT, WITHOUT ROWID;
INSERT INTO unindexed (record) SELECT id FROM record;

CREATE TABLE indexed (
    -- What searching needs of a record besides its text.
    number         INTEGER PRIMARY KEY,  -- of its text in `search`
    record         BLOB NOT NULL UNIQUE REFERENCES record (id),
    kind           INTEGER NOT NULL,
    grid           BLOB NOT NULL,
    state          TEXT NOT NULL,
    edited_at      INTEGER NOT NULL,
    conflict_count INTEGER NOT NULL,
    keys           BLOB NOT NULL         -- its match keys, 16 bytes each, to be able to take them back
) STRICT;

-- Full text by groups of three characters; a text itself is not kept. Words of one or two
-- characters are beginnings of groups, which is why every text ends in two spaces.
CREATE VIRTUAL TABLE search USING fts5 (
    text, content = '', contentless_delete = 1, tokenize = 'trigram'
);
CREATE VIRTUAL TABLE search_term USING fts5vocab ('search', 'row');

CREATE TABLE match_key (
    -- By what a household may be the same as another: keyed hashes of its address in its grid, and of
    -- each member's identity number and name with birth date. The secret is in `meta`.
    key    BLOB NOT NULL CHECK (length(key) = 16),
    record BLOB NOT NULL,  -- taken back by `indexed.keys`
    PRIMARY KEY (key, record)
) STRICT, WITHOUT ROWID;
INSERT INTO meta (key, value) VALUES ('match_secret', randomblob(32));
