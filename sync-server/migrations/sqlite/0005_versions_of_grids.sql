-- Grids have versions, attributes and boundaries; people are trained before they work.

-- A code is unique among what is in use: after a re-division a new grid may carry the code of
-- the one it follows. Only a new table can lose the old rule; references are checked at the end.
PRAGMA defer_foreign_keys = ON;
CREATE TABLE org_node_before AS SELECT * FROM org_node;
DROP TABLE org_node;
CREATE TABLE org_node (
    -- One place in the organisation tree, from province to micro-grid; of a grid one version.
    id         BLOB PRIMARY KEY CHECK (length(id) = 16),
    parent     BLOB REFERENCES org_node (id),
    level      TEXT NOT NULL CHECK (level IN ('province', 'prefecture', 'county', 'street', 'area',
                                              'community', 'grid', 'micro_grid')),
    code       TEXT,           -- public code; an attribute that may change, never a key
    name       TEXT NOT NULL,
    path       TEXT NOT NULL,  -- '/<hex id>/<hex id>/' from the root down to this node
    attribute  TEXT CHECK (attribute IN ('urban', 'rural', 'dedicated')),  -- of a grid, if known
    valid_from INTEGER NOT NULL,
    valid_to   INTEGER         -- NULL: still valid
) STRICT, WITHOUT ROWID;
INSERT INTO org_node
SELECT id, parent, level, code, name, path,
       CASE WHEN level = 'grid' AND length(code) = 19
            THEN CASE substr(code, 18) WHEN '01' THEN 'urban' WHEN '02' THEN 'rural'
                                       WHEN '03' THEN 'dedicated' END END,
       valid_from, valid_to
FROM org_node_before;
DROP TABLE org_node_before;
CREATE INDEX org_node_parent ON org_node (parent, code);
CREATE INDEX org_node_path ON org_node (path, level);
CREATE INDEX org_node_code ON org_node (code) WHERE code IS NOT NULL;
CREATE UNIQUE INDEX org_node_code_in_use ON org_node (code)
    WHERE code IS NOT NULL AND valid_to IS NULL;

CREATE TABLE boundary (
    -- The outline of a community or of one version of a grid.
    node     BLOB PRIMARY KEY REFERENCES org_node (id),
    shape    BLOB NOT NULL,     -- wangge_model::boundary, WGS-84
    drawn_at INTEGER NOT NULL   -- when it was put in
) STRICT, WITHOUT ROWID;

CREATE TABLE redivision (
    -- A re-division (网格调整): grids closed, grids made, records moved, all at one moment.
    id        BLOB PRIMARY KEY CHECK (length(id) = 16),
    community BLOB NOT NULL REFERENCES org_node (id),
    name      TEXT NOT NULL,     -- why, in words
    person    BLOB REFERENCES person (id),  -- NULL: at the command line
    at        INTEGER NOT NULL,
    records   INTEGER NOT NULL   -- how many were moved
) STRICT, WITHOUT ROWID;
CREATE INDEX redivision_community ON redivision (community, at);
CREATE INDEX redivision_person ON redivision (person) WHERE person IS NOT NULL;

CREATE TABLE succession (
    -- Which grids follow a closed one; the first takes what is not decided otherwise.
    node       BLOB NOT NULL REFERENCES org_node (id),
    place      INTEGER NOT NULL,  -- from 1, the one with most of its ground first
    successor  BLOB NOT NULL REFERENCES org_node (id),
    redivision BLOB NOT NULL REFERENCES redivision (id),
    PRIMARY KEY (node, place)
) STRICT, WITHOUT ROWID;
CREATE INDEX succession_successor ON succession (successor);
CREATE INDEX succession_redivision ON succession (redivision);

-- Shown to residents on the grid's board; empty: none.
ALTER TABLE person ADD COLUMN phone TEXT NOT NULL DEFAULT '';
-- First day on which a trained person may work, YYYY-MM-DD; NULL: not trained yet.
ALTER TABLE person ADD COLUMN trained_on TEXT;
-- Whoever worked before there was this column goes on.
UPDATE person SET trained_on = date(created_at / 1000 + 28800, 'unixepoch');
-- Assigned beforehand (预编): no access until called out.
ALTER TABLE assignment ADD COLUMN reserve INTEGER NOT NULL DEFAULT 0 CHECK (reserve IN (0, 1));
-- Tags with commas, e.g. mediation,patrol.
ALTER TABLE assignment ADD COLUMN duties TEXT NOT NULL DEFAULT '';
