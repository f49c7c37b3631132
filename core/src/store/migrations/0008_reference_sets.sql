-- Reference sets: what the server authors and phones hold whole (visit rules, campaigns).

CREATE TABLE reference_set (
    -- What kind of data, e.g. visit_rules.
    name TEXT NOT NULL,
    -- The place it is about: a grid, or one above grids.
    node BLOB NOT NULL CHECK (length(node) = 16),
    -- Of the content; the server compares.
    version BLOB NOT NULL CHECK (length(version) = 16),
    -- One JSON object, as the server signed it.
    body BLOB NOT NULL,
    PRIMARY KEY (name, node)
) STRICT;
