//! What a person may see, as SQL: the grids at or below the places they are
//! assigned to now. Queries name it; no caller filters afterwards.

/// Common table expressions, to be followed by a `SELECT`. `:person` and `:at`
/// are bound by the caller. `scope` has one row per node below an assignment
/// (`id`, `level`, `name`, `depth` and `role` of the assignment); `scope_grid` one
/// per grid; `scope_person` the person and whoever works below them (grid
/// workers look after places, not after each other).
///
/// A path is `/<hex>/<hex>/`, so everything below a node lies between its path
/// and its path followed by `g`, the letter after the last hex digit.
pub(super) const SCOPE: &str = "
    WITH assigned AS MATERIALIZED (
        SELECT place.path AS path, assignment.role AS role
        FROM assignment
        JOIN person ON person.id = assignment.person AND person.active = 1
        JOIN org_node AS place ON place.id = assignment.node
        WHERE assignment.person = :person
          AND assignment.valid_from <= :at
          AND (assignment.valid_to IS NULL OR assignment.valid_to > :at)
    ),
    scope AS MATERIALIZED (
        SELECT node.id, node.parent, node.level, node.code, node.name, node.path,
               node.valid_from, node.valid_to,
               assigned.role AS role, length(assigned.path) AS depth
        FROM assigned
        JOIN org_node AS node ON node.path >= assigned.path AND node.path < assigned.path || 'g'
        WHERE node.valid_from <= :at AND (node.valid_to IS NULL OR node.valid_to > :at)
    ),
    scope_grid AS MATERIALIZED (
        SELECT DISTINCT id, name FROM scope WHERE level = 'grid'
    ),
    scope_person AS MATERIALIZED (
        SELECT DISTINCT assignment.person AS id
        FROM scope JOIN assignment ON assignment.node = scope.id
        WHERE scope.role <> 'grid_worker'
        UNION SELECT :person
    )
";

/// [`SCOPE`] followed by `query`.
pub(super) fn in_scope(query: &str) -> String {
    format!("{SCOPE}{query}")
}
