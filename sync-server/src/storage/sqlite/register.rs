//! See [`RegisterStorage`].

use std::collections::{BTreeMap, HashSet};

use async_trait::async_trait;
use rusqlite::{Connection, OptionalExtension as _, params};
use wangge_model::{
    AssignmentId, GridId, OrgNodeId, PersonId, RecordId, RedivisionId, Timestamp,
    boundary::Boundary,
};

use super::{SqliteStorage, grid_map, moves, org, person, refused, resident, row, writer::Batch};
use crate::storage::{
    BoundaryEdition, GridSizeCounts, GridVersion, NewBoundary, NewMove, NewRedivision,
    RedivisionOutcome, RegisterStorage, StorageError, StorageResult, StoredRedivision,
};

/// The number of the latest edition of a place's boundary; 0 if it has none.
fn latest_edition(connection: &Connection, node: &OrgNodeId) -> StorageResult<u32> {
    Ok(connection
        .prepare_cached("SELECT coalesce(max(number), 0) FROM boundary_edition WHERE node = ?1")?
        .query_row([node.as_bytes()], |row| row.get(0))?)
}

/// Puts a boundary in force, as a new edition unless it is the one in force.
fn put_boundary(
    connection: &Connection,
    node: &OrgNodeId,
    boundary: &Boundary,
    person: Option<PersonId>,
    at: Timestamp,
) -> StorageResult<u32> {
    let shape = boundary.to_bytes();
    let known: Option<Vec<u8>> = connection
        .prepare_cached("SELECT shape FROM boundary WHERE node = ?1")?
        .query_row([node.as_bytes()], |row| row.get(0))
        .optional()?;
    let latest = latest_edition(connection, node)?;
    if known.is_some_and(|known| known == shape) {
        return Ok(latest);
    }
    connection
        .prepare_cached(
            "INSERT INTO boundary (node, shape, drawn_at) VALUES (?1, ?2, ?3)
             ON CONFLICT (node) DO UPDATE SET shape = excluded.shape,
                 drawn_at = excluded.drawn_at",
        )?
        .execute(params![node.as_bytes(), shape, at.as_millis()])
        .map_err(|error| refused(error, "boundary", "org_node"))?;
    connection
        .prepare_cached(
            "INSERT INTO boundary_edition (node, number, shape, person, drawn_at)
             VALUES (?1, ?2, ?3, ?4, ?5)",
        )?
        .execute(params![
            node.as_bytes(),
            latest + 1,
            shape,
            person.as_ref().map(PersonId::as_bytes),
            at.as_millis()
        ])
        .map_err(|error| refused(error, "boundary", "person"))?;
    Ok(latest + 1)
}

fn neighbours(
    connection: &Connection,
    sql: &str,
    node: &OrgNodeId,
) -> StorageResult<Vec<OrgNodeId>> {
    let mut statement = connection.prepare_cached(sql)?;
    row::collect(statement.query_map([node.as_bytes()], |row| {
        row::id(row, 0, OrgNodeId::from_bytes)
    })?)
}

fn successors(connection: &Connection, node: &OrgNodeId) -> StorageResult<Vec<OrgNodeId>> {
    neighbours(
        connection,
        "SELECT successor FROM succession WHERE node = ?1 ORDER BY place",
        node,
    )
}

/// Follows closed grids to those in use, in the order in which each names what
/// follows it: whatever takes the rest of the rest comes first.
fn open_successors(
    connection: &Connection,
    grid: &GridId,
    at: Timestamp,
) -> StorageResult<Vec<GridId>> {
    let mut open = Vec::new();
    let mut seen = HashSet::new();
    let mut stack = successors(connection, &(*grid).into())?;
    stack.reverse();
    while let Some(node) = stack.pop() {
        if !seen.insert(node) {
            continue;
        }
        match org::find(connection, &node)? {
            Some(found) if found.validity().contains(at) => open.push(node.into()),
            Some(_) => stack.extend(successors(connection, &node)?.into_iter().rev()),
            None => {}
        }
    }
    Ok(open)
}

/// Where something filed in this grid belongs at `at`: there, or if it is closed
/// in the grid that follows it.
pub(super) fn home(connection: &Connection, grid: &GridId, at: Timestamp) -> StorageResult<GridId> {
    let is_over = match org::find(connection, &(*grid).into())? {
        Some(node) => node.validity().is_over(at),
        None => false,
    };
    if !is_over {
        return Ok(*grid);
    }
    let open = open_successors(connection, grid, at)?;
    Ok(open.first().copied().unwrap_or(*grid))
}

/// Closes the grids and what lies in them, such as micro-grids; answers which
/// assignments end with them.
fn close(connection: &Connection, new: &NewRedivision) -> StorageResult<Vec<AssignmentId>> {
    let at = new.at.as_millis();
    let mut ended = Vec::new();
    for node in &new.close {
        let found = org::find(connection, node)?
            .filter(|found| {
                found.validity().contains(new.at) && found.parent == Some(new.community)
            })
            .ok_or(StorageError::Missing("grid"))?;
        let below = params![found.path, at];
        let mut assignments = connection.prepare_cached(
            "SELECT assignment.id FROM org_node
             JOIN assignment ON assignment.node = org_node.id
             WHERE org_node.path >= ?1 AND org_node.path < ?1 || 'g'
               AND (assignment.valid_to IS NULL OR assignment.valid_to > ?2)",
        )?;
        ended.extend(row::collect(assignments.query_map(below, |row| {
            row::id(row, 0, AssignmentId::from_bytes)
        })?)?);
        connection
            .prepare_cached(
                "UPDATE org_node SET valid_to = ?2
                 WHERE path >= ?1 AND path < ?1 || 'g'
                   AND (valid_to IS NULL OR valid_to > ?2)",
            )?
            .execute(below)?;
    }
    let mut end = connection.prepare_cached("UPDATE assignment SET valid_to = ?2 WHERE id = ?1")?;
    for id in &ended {
        end.execute(params![id.as_bytes(), at])?;
    }
    Ok(ended)
}

/// Refuses a plan that names other records than the closed grids hold now.
fn require_same_records(connection: &Connection, new: &NewRedivision) -> StorageResult<()> {
    let mut held: HashSet<RecordId> = HashSet::new();
    let mut statement = connection.prepare_cached("SELECT id FROM record WHERE grid = ?1")?;
    for node in &new.close {
        let ids = statement.query_map([node.as_bytes()], |row| {
            row::id(row, 0, RecordId::from_bytes)
        })?;
        for id in ids {
            held.insert(id?);
        }
    }
    let planned: HashSet<RecordId> = new.moves.iter().map(|(record, _)| *record).collect();
    if held == planned && planned.len() == new.moves.len() {
        Ok(())
    } else {
        Err(StorageError::Changed)
    }
}

/// What waits for a decision on a record that does not exist yet goes to the
/// grid that follows, where somebody sees it.
fn hand_over_quarantine(
    connection: &Connection,
    from: &OrgNodeId,
    to: &OrgNodeId,
) -> StorageResult<()> {
    connection
        .prepare_cached("UPDATE quarantine SET grid = ?2 WHERE grid = ?1")?
        .execute(params![from.as_bytes(), to.as_bytes()])?;
    Ok(())
}

fn redivide(
    connection: &Connection,
    batch: &mut Batch,
    new: &NewRedivision,
) -> StorageResult<RedivisionOutcome> {
    require_same_records(connection, new)?;
    connection
        .prepare_cached(
            "INSERT INTO redivision (id, community, name, person, at, records)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
        )?
        .execute(params![
            new.id.as_bytes(),
            new.community.as_bytes(),
            new.name,
            new.person.as_ref().map(PersonId::as_bytes),
            new.at.as_millis(),
            row::integer(new.moves.len() as u64),
        ])
        .map_err(|error| refused(error, "redivision", "org_node"))?;
    // Codes are free again once their grids are closed.
    let ended = close(connection, new)?;
    for (node, boundary) in &new.create {
        org::insert(connection, node)?;
        put_boundary(connection, &node.id, boundary, new.person, new.at)?;
    }
    let mut insert = connection.prepare_cached(
        "INSERT INTO succession (node, place, successor, redivision) VALUES (?1, ?2, ?3, ?4)",
    )?;
    for (node, followers) in &new.successors {
        for (place, successor) in (1_i64..).zip(followers) {
            insert
                .execute(params![
                    node.as_bytes(),
                    place,
                    successor.as_bytes(),
                    new.id.as_bytes()
                ])
                .map_err(|error| refused(error, "succession", "org_node"))?;
        }
        if let Some(main) = followers.first() {
            hand_over_quarantine(connection, node, main)?;
            resident::hand_over_codes(connection, node, main)?;
        }
    }
    let mut heads: BTreeMap<GridId, u64> = BTreeMap::new();
    for (record, to) in &new.moves {
        let moved = moves::move_record(
            connection,
            batch,
            &NewMove {
                record: *record,
                to: *to,
                person: new.person,
                at: new.at,
                moves: None,
            },
        )?;
        heads.extend(moved.grids);
    }
    for assignment in &new.assignments {
        person::insert_assignment(connection, assignment)?;
    }
    grid_map::publish(connection, &new.community, new.person, new.at)?;
    Ok(RedivisionOutcome {
        moved: new.moves.len() as u64,
        grids: heads.into_iter().collect(),
        ended,
    })
}

#[async_trait]
impl RegisterStorage for SqliteStorage {
    async fn put_boundaries(
        &self,
        boundaries: &[(OrgNodeId, Boundary)],
        at: Timestamp,
    ) -> StorageResult<()> {
        let boundaries = boundaries.to_vec();
        self.write(move |connection, _| {
            for (node, boundary) in &boundaries {
                put_boundary(connection, node, boundary, None, at)?;
            }
            let nodes: Vec<OrgNodeId> = boundaries.iter().map(|(node, _)| *node).collect();
            grid_map::publish_around(connection, &nodes, None, at)
        })
        .await
    }

    async fn draw_boundary(&self, new: &NewBoundary) -> StorageResult<u32> {
        let new = new.clone();
        self.write(move |connection, _| {
            if latest_edition(connection, &new.node)? != new.seen {
                return Err(StorageError::Changed);
            }
            let (person, at) = (Some(new.person), new.at);
            let number = put_boundary(connection, &new.node, &new.boundary, person, at)?;
            grid_map::publish_around(connection, &[new.node], person, at)?;
            Ok(number)
        })
        .await
    }

    async fn list_boundary_editions(
        &self,
        node: &OrgNodeId,
        limit: u32,
    ) -> StorageResult<Vec<BoundaryEdition>> {
        let node = *node;
        self.read(move |connection| {
            let mut statement = connection.prepare_cached(
                "SELECT boundary_edition.number, boundary_edition.shape, person.name,
                        boundary_edition.drawn_at
                 FROM boundary_edition LEFT JOIN person ON person.id = boundary_edition.person
                 WHERE boundary_edition.node = ?1 ORDER BY boundary_edition.number DESC LIMIT ?2",
            )?;
            let rows = statement.query_map(params![node.as_bytes(), limit], |row| {
                let shape: Vec<u8> = row.get(1)?;
                let (number, person_name) = (row.get(0)?, row.get(2)?);
                Ok((number, shape, person_name, row::time(row, 3)?))
            })?;
            rows.map(|row| {
                let (number, shape, person_name, at) = row?;
                let boundary =
                    Boundary::from_bytes(&shape).map_err(|_| StorageError::Corrupt("boundary"))?;
                Ok(BoundaryEdition {
                    number,
                    boundary,
                    person_name,
                    at,
                })
            })
            .collect()
        })
        .await
    }

    async fn list_boundaries(
        &self,
        nodes: &[OrgNodeId],
    ) -> StorageResult<Vec<(OrgNodeId, Boundary)>> {
        let nodes = nodes.to_vec();
        self.read(move |connection| {
            let mut statement =
                connection.prepare_cached("SELECT shape FROM boundary WHERE node = ?1")?;
            let mut found = Vec::new();
            for node in nodes {
                let mut rows = statement.query([node.as_bytes()])?;
                if let Some(row) = rows.next()? {
                    let shape: Vec<u8> = row.get(0)?;
                    let boundary = Boundary::from_bytes(&shape)
                        .map_err(|_| StorageError::Corrupt("boundary"))?;
                    found.push((node, boundary));
                }
            }
            Ok(found)
        })
        .await
    }

    async fn list_mapped(&self, nodes: &[OrgNodeId]) -> StorageResult<Vec<OrgNodeId>> {
        let nodes = nodes.to_vec();
        self.read(move |connection| {
            let mut statement =
                connection.prepare_cached("SELECT 1 FROM boundary WHERE node = ?1")?;
            let mut mapped = Vec::new();
            for node in nodes {
                if statement.exists([node.as_bytes()])? {
                    mapped.push(node);
                }
            }
            Ok(mapped)
        })
        .await
    }

    async fn list_grid_versions(&self, community: &OrgNodeId) -> StorageResult<Vec<GridVersion>> {
        let community = *community;
        self.read(move |connection| {
            let sql = format!(
                "SELECT {} FROM org_node WHERE parent = ?1 AND level = 'grid'
                 ORDER BY valid_to IS NOT NULL, valid_from DESC, code, id",
                org::COLUMNS
            );
            let mut statement = connection.prepare_cached(&sql)?;
            let nodes = row::collect(statement.query_map([community.as_bytes()], org::node)?)?;
            nodes
                .into_iter()
                .map(|node| {
                    Ok(GridVersion {
                        successors: successors(connection, &node.id)?,
                        predecessors: neighbours(
                            connection,
                            "SELECT node FROM succession WHERE successor = ?1 ORDER BY node",
                            &node.id,
                        )?,
                        node,
                    })
                })
                .collect()
        })
        .await
    }

    async fn list_redivisions(
        &self,
        community: &OrgNodeId,
    ) -> StorageResult<Vec<StoredRedivision>> {
        let community = *community;
        self.read(move |connection| {
            let mut statement = connection.prepare_cached(
                "SELECT redivision.id, redivision.community, redivision.name, person.name,
                        redivision.at, redivision.records
                 FROM redivision LEFT JOIN person ON person.id = redivision.person
                 WHERE redivision.community = ?1 ORDER BY redivision.at DESC, redivision.id DESC",
            )?;
            row::collect(statement.query_map([community.as_bytes()], |row| {
                Ok(StoredRedivision {
                    id: row::id(row, 0, RedivisionId::from_bytes)?,
                    community: row::id(row, 1, OrgNodeId::from_bytes)?,
                    name: row.get(2)?,
                    person_name: row.get(3)?,
                    at: row::time(row, 4)?,
                    records: row::count(row.get(5)?),
                })
            })?)
        })
        .await
    }

    async fn list_grid_sizes(&self, grids: &[OrgNodeId]) -> StorageResult<Vec<GridSizeCounts>> {
        let grids = grids.to_vec();
        self.read(move |connection| {
            let mut statement = connection.prepare_cached(
                "SELECT count(*), coalesce(sum(member_count), 0) FROM record
                 WHERE grid = ?1 AND kind = 1 AND merged_into IS NULL",
            )?;
            let mut sizes = Vec::with_capacity(grids.len());
            for grid in grids {
                sizes.push(statement.query_row([grid.as_bytes()], |row| {
                    Ok(GridSizeCounts {
                        households: row.get(0)?,
                        people: row.get(1)?,
                    })
                })?);
            }
            Ok(sizes)
        })
        .await
    }

    async fn list_open_successors(
        &self,
        grid: &GridId,
        at: Timestamp,
    ) -> StorageResult<Vec<GridId>> {
        let grid = *grid;
        self.read(move |connection| open_successors(connection, &grid, at))
            .await
    }

    async fn redivide(&self, new: &NewRedivision) -> StorageResult<RedivisionOutcome> {
        let new = new.clone();
        self.write(move |connection, batch| redivide(connection, batch, &new))
            .await
    }
}
