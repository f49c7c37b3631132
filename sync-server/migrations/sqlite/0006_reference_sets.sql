-- Reference sets: what the server authors for phones (visit rules, campaigns), with every edition.

CREATE TABLE reference_edition (
    -- Each content a set ever had, and who gave it when. Phones hold the current ones of their
    -- grids and of the places above.
    node       BLOB NOT NULL REFERENCES org_node (id),  -- the place it is about
    name       TEXT NOT NULL,     -- e.g. visit_rules, campaign.<id>
    number     INTEGER NOT NULL,  -- 1 for the first of this name and place
    version    BLOB NOT NULL CHECK (length(version) = 16),  -- of the content; the same on any server
    body       BLOB,              -- one JSON object; NULL: withdrawn
    is_current INTEGER NOT NULL CHECK (is_current IN (0, 1)),
    person     BLOB REFERENCES person (id),  -- NULL: at the command line
    at         INTEGER NOT NULL,
    PRIMARY KEY (node, name, number)
) STRICT;
-- At most one current edition of each set; what a sync looks for.
CREATE UNIQUE INDEX reference_current ON reference_edition (node, name) WHERE is_current = 1;
CREATE INDEX reference_person ON reference_edition (person) WHERE person IS NOT NULL;
