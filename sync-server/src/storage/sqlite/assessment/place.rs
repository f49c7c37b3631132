//! Which places a person sees the figures of, and which grids lie below one.

use rusqlite::{Connection, OptionalExtension as _, named_params, params};
use wangge_model::{GridId, OrgLevel, OrgNodeId, PersonId, Timestamp};

use super::super::{
    org::{self, COLUMNS},
    row::{collect, id},
    scope::in_scope,
};
use crate::storage::{OrgNode, StorageResult};

/// A place with the grids below it.
pub(super) struct Below {
    /// The place.
    pub(super) place: OrgNode,
    /// Every place from it down to the grids that is in use, by code.
    pub(super) nodes: Vec<OrgNode>,
    /// The ids of the grids, as a JSON array of hex texts.
    pub(super) json: String,
}

/// Rows of a table whose `grid` is one of `?1`, see [`Below::json`]. The list is
/// sorted, so a `GROUP BY grid` follows the table's own order.
pub(super) const IN_GRIDS: &str = "grid IN (SELECT unhex(value) FROM json_each(?1))";

impl Below {
    /// The grids.
    pub(super) fn grids(&self) -> impl Iterator<Item = &OrgNode> {
        self.nodes
            .iter()
            .filter(|node| node.level == OrgLevel::Grid)
    }

    /// The places directly below it; of a grid, the grid.
    pub(super) fn children(&self) -> impl Iterator<Item = &OrgNode> {
        let of = self.place.id;
        let is_grid = self.place.level == OrgLevel::Grid;
        self.nodes.iter().filter(move |node| {
            if is_grid {
                node.id == of
            } else {
                node.parent == Some(of)
            }
        })
    }

    /// Where a grid's figures go: which of the children it is in.
    pub(super) fn child_of(&self, grid: &OrgNode) -> OrgNodeId {
        let above = self.place.path.len();
        grid.path
            .get(above..above + 32)
            .and_then(|hex| hex::decode(hex).ok())
            .and_then(|bytes| OrgNodeId::from_slice(&bytes).ok())
            .unwrap_or(self.place.id)
    }

    /// A place and everything below it that is in use at `at`. Whether somebody
    /// may see its figures is the caller's matter.
    pub(super) fn load(
        connection: &Connection,
        place: &OrgNodeId,
        at: Timestamp,
    ) -> StorageResult<Option<Self>> {
        let Some(place) = org::find(connection, place)? else {
            return Ok(None);
        };
        let mut statement = connection.prepare_cached(&format!(
            "SELECT {COLUMNS} FROM org_node
             WHERE path >= ?1 AND path < ?1 || 'g' AND level <> 'micro_grid'
               AND valid_from <= ?2 AND (valid_to IS NULL OR valid_to > ?2)
             ORDER BY code, name"
        ))?;
        let nodes = collect(statement.query_map(params![place.path, at.as_millis()], org::node)?)?;
        let mut below = Self {
            place,
            nodes,
            json: String::new(),
        };
        let ids: Vec<String> = below
            .grids()
            .map(|grid| format!("\"{}\"", hex::encode(grid.id.as_bytes())))
            .collect();
        below.json = format!("[{}]", ids.join(","));
        Ok(Some(below))
    }

    /// The same, if the person may see the figures of the place.
    pub(super) fn find(
        connection: &Connection,
        person: &PersonId,
        at: Timestamp,
        place: &OrgNodeId,
    ) -> StorageResult<Option<Self>> {
        if is_in_sight(connection, person, at, place)? {
            Self::load(connection, place, at)
        } else {
            Ok(None)
        }
    }
}

/// Whether the person may see the figures of a place, and so of all below it.
pub(super) fn is_in_sight(
    connection: &Connection,
    person: &PersonId,
    at: Timestamp,
    place: &OrgNodeId,
) -> StorageResult<bool> {
    let found = connection
        .prepare_cached(&in_scope(
            "SELECT 1 FROM assigned JOIN org_node AS node ON node.id = :node
             WHERE assigned.may_see_work
               AND node.path >= assigned.path AND node.path < assigned.path || 'g'
               AND node.valid_from <= :at AND (node.valid_to IS NULL OR node.valid_to > :at)
             LIMIT 1",
        ))?
        .query_row(
            named_params! {
                ":person": person.as_bytes(), ":at": at.as_millis(), ":node": place.as_bytes(),
            },
            |_| Ok(()),
        )
        .optional()?;
    Ok(found.is_some())
}

/// The places above grids whose figures the person may see; grids, where there
/// are no others.
pub(super) fn list(
    connection: &Connection,
    person: &PersonId,
    at: Timestamp,
) -> StorageResult<Vec<OrgNode>> {
    // Of a province's grids nobody chooses from a list.
    let above = list_levels(connection, person, at, "NOT IN ('grid', 'micro_grid')")?;
    if above.is_empty() {
        list_levels(connection, person, at, "= 'grid'")
    } else {
        Ok(above)
    }
}

fn list_levels(
    connection: &Connection,
    person: &PersonId,
    at: Timestamp,
    levels: &str,
) -> StorageResult<Vec<OrgNode>> {
    let mut statement = connection.prepare_cached(&in_scope(&format!(
        "SELECT DISTINCT {COLUMNS} FROM (SELECT path AS seen FROM assigned WHERE may_see_work)
         JOIN org_node ON path >= seen AND path < seen || 'g'
         WHERE level {levels} AND valid_from <= :at AND (valid_to IS NULL OR valid_to > :at)
         ORDER BY path"
    )))?;
    let nodes = statement.query_map(
        named_params! { ":person": person.as_bytes(), ":at": at.as_millis() },
        org::node,
    )?;
    collect(nodes)
}

/// The grid of a row.
pub(super) fn grid_id(row: &rusqlite::Row<'_>, column: usize) -> rusqlite::Result<GridId> {
    id(row, column, GridId::from_bytes)
}
