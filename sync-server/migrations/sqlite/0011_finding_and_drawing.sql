-- Words of one character are looked up as such, boundaries that are drawn anew keep what they were, and
-- work cards have numbers.

-- The characters of each text, without order and place, as hexadecimal code points between spaces: a
-- tokenizer's opinion of what is a letter does not come into it. Numbers are those of `indexed`. One
-- character begins thousands of the groups of `search`; reading all of them took seconds in a district.
CREATE VIRTUAL TABLE search_character USING fts5 (
    characters, content = '', contentless_delete = 1, detail = none, tokenize = 'ascii'
);
-- Everything is indexed again in the background; until then it is found by reading.
INSERT OR IGNORE INTO unindexed (record) SELECT record FROM indexed;

CREATE TABLE boundary_edition (
    -- Every outline a place had, the present one too: what somebody drew is never lost.
    node     BLOB NOT NULL REFERENCES org_node (id),
    number   INTEGER NOT NULL,            -- of the place, from 1
    shape    BLOB NOT NULL,               -- as in `boundary`
    person   BLOB REFERENCES person (id), -- NULL: at the command line
    drawn_at INTEGER NOT NULL,
    PRIMARY KEY (node, number)
) STRICT, WITHOUT ROWID;
CREATE INDEX boundary_edition_person ON boundary_edition (person);
INSERT INTO boundary_edition (node, number, shape, person, drawn_at)
SELECT node, 1, shape, NULL, drawn_at FROM boundary;

-- With it the numbers of work cards are made, which nobody can guess.
INSERT INTO meta (key, value) VALUES ('card_secret', randomblob(32));
