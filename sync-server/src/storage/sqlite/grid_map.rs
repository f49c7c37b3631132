//! The map of a community's grids, published to phones in the transaction that
//! changes it ([`wangge_model::boundary::GridMap`]).

use std::collections::BTreeSet;

use rusqlite::{Connection, params};
use wangge_model::{
    OrgNodeId, PersonId, Timestamp,
    boundary::{GRID_MAP, GridMap, MapGrid},
    protocol::limits,
};

use super::{org, reference, row};
use crate::storage::{NewReference, OrgLevel, StorageError, StorageResult};

/// The grids in use that have a boundary, by code.
fn read(connection: &Connection, community: &OrgNodeId, at: Timestamp) -> StorageResult<GridMap> {
    let mut statement = connection.prepare_cached(
        "SELECT grid.id, coalesce(grid.code, ''), grid.name, coalesce(grid.attribute, ''),
                lower(hex(boundary.shape))
         FROM org_node AS grid JOIN boundary ON boundary.node = grid.id
         WHERE grid.parent = ?1 AND grid.level = 'grid'
           AND grid.valid_from <= ?2 AND (grid.valid_to IS NULL OR grid.valid_to > ?2)
         ORDER BY grid.code, grid.id",
    )?;
    let grids = statement.query_map(params![community.as_bytes(), at.as_millis()], |row| {
        Ok(MapGrid {
            id: row::id(row, 0, OrgNodeId::from_bytes)?.into(),
            code: row.get(1)?,
            name: row.get(2)?,
            attribute: row.get(3)?,
            outline: row.get(4)?,
        })
    })?;
    Ok(GridMap {
        grids: row::collect(grids)?,
    })
}

/// Publishes the map of a community as it is now.
pub(super) fn publish(
    connection: &Connection,
    community: &OrgNodeId,
    person: Option<PersonId>,
    at: Timestamp,
) -> StorageResult<()> {
    let map = read(connection, community, at)?;
    let body = serde_json::to_vec(&map).map_err(|_| StorageError::Corrupt("boundary"))?;
    let is_sent = !map.grids.is_empty() && body.len() <= limits::REFERENCE_BYTES;
    if !is_sent && !map.grids.is_empty() {
        // Some hundred thousand corners: phones do without, the register has it.
        tracing::warn!(
            community = %community,
            bytes = body.len(),
            "the grid map is too large for phones; simplify the boundaries"
        );
    }
    let new = NewReference {
        name: GRID_MAP.to_owned(),
        node: *community,
        body: is_sent.then_some(body),
        person,
        at,
    };
    reference::publish(connection, &new)?;
    Ok(())
}

/// The same for every community that one of these grids lies in.
pub(super) fn publish_around(
    connection: &Connection,
    nodes: &[OrgNodeId],
    person: Option<PersonId>,
    at: Timestamp,
) -> StorageResult<()> {
    let mut communities = BTreeSet::new();
    for node in nodes {
        let found = org::find(connection, node)?.filter(|found| found.level == OrgLevel::Grid);
        communities.extend(found.and_then(|grid| grid.parent));
    }
    communities
        .iter()
        .try_for_each(|community| publish(connection, community, person, at))
}
