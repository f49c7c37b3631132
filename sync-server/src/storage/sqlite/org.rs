//! See [`OrgStorage`].

use std::collections::HashMap;

use async_trait::async_trait;
use rusqlite::{Connection, OptionalExtension as _, Row, named_params, params};
use wangge_model::{
    GridAttribute, GridId, OrgNodeId, PersonId, RecordKind, Timestamp,
    access::{self, Seat},
};

use super::{SqliteStorage, refused, row, scope::in_scope};
use crate::storage::{
    GrantedGrid, NewOrgNode, OrgLevel, OrgNode, OrgStorage, Role, StorageError, StorageResult,
};

pub(super) const COLUMNS: &str =
    "id, parent, level, code, name, path, attribute, valid_from, valid_to";

pub(super) fn node(row: &Row<'_>) -> rusqlite::Result<OrgNode> {
    Ok(OrgNode {
        id: row::id(row, 0, OrgNodeId::from_bytes)?,
        parent: row::optional_id(row, 1, OrgNodeId::from_bytes)?,
        level: row::parsed(row, 2, "level")?,
        code: row.get(3)?,
        name: row.get(4)?,
        path: row.get(5)?,
        attribute: row::optional_parsed(row, 6, "attribute")?,
        valid_from: row::time(row, 7)?,
        valid_to: row::optional_time(row, 8)?,
    })
}

pub(super) fn find(connection: &Connection, id: &OrgNodeId) -> StorageResult<Option<OrgNode>> {
    Ok(connection
        .prepare_cached(&format!("SELECT {COLUMNS} FROM org_node WHERE id = ?1"))?
        .query_row([id.as_bytes()], node)
        .optional()?)
}

/// From the root down to the node itself.
pub(super) fn line(connection: &Connection, id: OrgNodeId) -> StorageResult<Vec<OrgNode>> {
    let mut line = Vec::new();
    let mut next = Some(id);
    while let Some(id) = next
        && let Some(node) = find(connection, &id)?
    {
        next = node.parent;
        line.push(node);
    }
    line.reverse();
    Ok(line)
}

pub(super) fn insert(connection: &Connection, new: &NewOrgNode) -> StorageResult<OrgNode> {
    let above = match &new.parent {
        None => "/".to_owned(),
        Some(parent) => {
            find(connection, parent)?
                .ok_or(StorageError::Missing("org_node"))?
                .path
        }
    };
    let node = OrgNode {
        id: new.id,
        parent: new.parent,
        level: new.level,
        code: new.code.clone(),
        name: new.name.clone(),
        path: format!("{above}{}/", hex::encode(new.id.as_bytes())),
        attribute: new.attribute,
        valid_from: new.valid_from,
        valid_to: None,
    };
    connection
        .prepare_cached(
            "INSERT INTO org_node (id, parent, level, code, name, path, attribute, valid_from)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
        )?
        .execute(params![
            node.id.as_bytes(),
            node.parent.as_ref().map(OrgNodeId::as_bytes),
            node.level.as_str(),
            node.code,
            node.name,
            node.path,
            node.attribute.map(GridAttribute::as_str),
            node.valid_from.as_millis(),
        ])
        .map_err(|error| refused(error, "code", "org_node"))?;
    Ok(node)
}

/// Names of street and community above a node, looked up once per node.
#[derive(Default)]
struct Places(HashMap<OrgNodeId, String>);

impl Places {
    fn above(
        &mut self,
        connection: &Connection,
        parent: Option<OrgNodeId>,
    ) -> StorageResult<String> {
        let Some(parent) = parent else {
            return Ok(String::new());
        };
        if let Some(place) = self.0.get(&parent) {
            return Ok(place.clone());
        }
        let Some(node) = find(connection, &parent)? else {
            return Ok(String::new());
        };
        let mut place = if node.level <= OrgLevel::Street {
            String::new()
        } else {
            self.above(connection, node.parent)?
        };
        if matches!(node.level, OrgLevel::Street | OrgLevel::Community) {
            place.push_str(&node.name);
        }
        self.0.insert(parent, place.clone());
        Ok(place)
    }
}

/// The places above a node, nearest first, from its path.
fn above(path: &str) -> Vec<OrgNodeId> {
    path.rsplit('/')
        .filter(|id| !id.is_empty())
        // The node itself.
        .skip(1)
        .filter_map(|id| OrgNodeId::from_slice(&hex::decode(id).ok()?).ok())
        .collect()
}

/// One assignment's word on a grid.
struct Grant {
    grid: GridId,
    parent: Option<OrgNodeId>,
    path: String,
    code: Option<String>,
    name: String,
    role: Role,
    writes: Vec<RecordKind>,
    depth: i64,
}

fn grant(row: &Row<'_>) -> rusqlite::Result<Grant> {
    let role: Role = row::parsed(row, 4, "role")?;
    let seat = role.seat(row::parsed(row, 5, "level")?);
    Ok(Grant {
        grid: row::id(row, 0, GridId::from_bytes)?,
        parent: row::optional_id(row, 1, OrgNodeId::from_bytes)?,
        code: row.get(2)?,
        name: row.get(3)?,
        role,
        writes: RecordKind::ALL
            .into_iter()
            .filter(|kind| access::may_write_record(seat, *kind))
            .collect(),
        depth: row.get(6)?,
        path: row.get(7)?,
    })
}

fn granted(
    connection: &Connection,
    person: &PersonId,
    at: Timestamp,
) -> StorageResult<Vec<GrantedGrid>> {
    let sql = in_scope(
        "SELECT id, parent, code, name, role, seat_level, depth, path FROM scope
         WHERE level = 'grid' AND may(role, seat_level, 'household', 'hold') ORDER BY id",
    );
    let mut statement = connection.prepare_cached(&sql)?;
    let rows = statement.query_map(
        named_params! { ":person": person.as_bytes(), ":at": at.as_millis() },
        grant,
    )?;
    let mut places = Places::default();
    let mut granted: Vec<GrantedGrid> = Vec::new();
    let grants = row::collect(rows)?;
    for same in grants.chunk_by(|one, two| one.grid == two.grid) {
        // Of several assignments the one that may write most says the role, then
        // the nearest.
        let best = same
            .iter()
            .max_by_key(|grant| (grant.writes.len(), grant.depth, grant.role));
        let Some(best) = best else {
            continue;
        };
        let may_write = |kind: &RecordKind| same.iter().any(|one| one.writes.contains(kind));
        granted.push(GrantedGrid {
            grid: best.grid,
            code: best.code.clone().unwrap_or_default(),
            name: best.name.clone(),
            place: places.above(connection, best.parent)?,
            role: best.role,
            above: above(&best.path),
            writes: RecordKind::ALL.into_iter().filter(may_write).collect(),
        });
    }
    Ok(granted)
}

#[async_trait]
impl OrgStorage for SqliteStorage {
    async fn create_node(&self, node: &NewOrgNode) -> StorageResult<OrgNode> {
        let node = node.clone();
        self.write(move |connection, _| insert(connection, &node))
            .await
    }

    async fn create_nodes(&self, nodes: &[NewOrgNode]) -> StorageResult<()> {
        let nodes = nodes.to_vec();
        self.write(move |connection, _| {
            nodes
                .iter()
                .try_for_each(|node| insert(connection, node).map(|_| ()))
        })
        .await
    }

    async fn find_node(&self, id: &OrgNodeId) -> StorageResult<Option<OrgNode>> {
        let id = *id;
        self.read(move |connection| find(connection, &id)).await
    }

    async fn find_node_by_code(&self, code: &str) -> StorageResult<Option<OrgNode>> {
        let code = code.to_owned();
        self.read(move |connection| {
            Ok(connection
                .prepare_cached(&format!(
                    "SELECT {COLUMNS} FROM org_node WHERE code = ?1 AND valid_to IS NULL"
                ))?
                .query_row([code], node)
                .optional()?)
        })
        .await
    }

    async fn list_children(&self, parent: Option<&OrgNodeId>) -> StorageResult<Vec<OrgNode>> {
        let parent = parent.copied();
        self.read(move |connection| {
            let sql =
                format!("SELECT {COLUMNS} FROM org_node WHERE parent IS ?1 ORDER BY code, id");
            let mut statement = connection.prepare_cached(&sql)?;
            row::collect(statement.query_map([parent.as_ref().map(OrgNodeId::as_bytes)], node)?)
        })
        .await
    }

    async fn list_ancestors(&self, id: &OrgNodeId) -> StorageResult<Vec<OrgNode>> {
        let id = *id;
        self.read(move |connection| line(connection, id)).await
    }

    async fn list_nodes_in_scope(
        &self,
        person: &PersonId,
        at: Timestamp,
    ) -> StorageResult<Vec<OrgNode>> {
        let person = *person;
        self.read(move |connection| {
            let sql = in_scope(&format!(
                "SELECT DISTINCT {COLUMNS} FROM scope ORDER BY path"
            ));
            let mut statement = connection.prepare_cached(&sql)?;
            row::collect(statement.query_map(
                named_params! { ":person": person.as_bytes(), ":at": at.as_millis() },
                node,
            )?)
        })
        .await
    }

    async fn list_grids_in_scope(
        &self,
        person: &PersonId,
        at: Timestamp,
    ) -> StorageResult<Vec<OrgNode>> {
        let person = *person;
        self.read(move |connection| {
            let sql = in_scope(&format!(
                "SELECT DISTINCT {COLUMNS} FROM scope WHERE level = 'grid' ORDER BY code, path"
            ));
            let mut statement = connection.prepare_cached(&sql)?;
            row::collect(statement.query_map(
                named_params! { ":person": person.as_bytes(), ":at": at.as_millis() },
                node,
            )?)
        })
        .await
    }

    async fn is_grid_held(
        &self,
        person: &PersonId,
        grid: &GridId,
        at: Timestamp,
    ) -> StorageResult<bool> {
        let seats = self.list_seats(person, &(*grid).into(), at).await?;
        Ok(seats.into_iter().any(access::may_hold))
    }

    async fn list_countable_grids(
        &self,
        person: &PersonId,
        at: Timestamp,
    ) -> StorageResult<Vec<OrgNodeId>> {
        let person = *person;
        self.read(move |connection| {
            let sql = in_scope("SELECT id FROM scope_count");
            let mut statement = connection.prepare_cached(&sql)?;
            row::collect(statement.query_map(
                named_params! { ":person": person.as_bytes(), ":at": at.as_millis() },
                |row| row::id(row, 0, OrgNodeId::from_bytes),
            )?)
        })
        .await
    }

    async fn list_grids_in_use(
        &self,
        text: &str,
        at: Timestamp,
        offset: u64,
        limit: u32,
    ) -> StorageResult<(Vec<OrgNode>, u64)> {
        const IN_USE: &str = "level = 'grid' AND valid_from <= ?1
             AND (valid_to IS NULL OR valid_to > ?1)
             AND (instr(name, ?2) > 0 OR instr(coalesce(code, ''), ?2) > 0 OR ?2 = '')";
        let text = text.to_owned();
        self.read(move |connection| {
            let total = connection
                .prepare_cached(&format!("SELECT count(*) FROM org_node WHERE {IN_USE}"))?
                .query_row(params![at.as_millis(), text], |row| row.get(0))?;
            let sql = format!(
                "SELECT {COLUMNS} FROM org_node WHERE {IN_USE}
                 ORDER BY code, id LIMIT ?3 OFFSET ?4"
            );
            let mut statement = connection.prepare_cached(&sql)?;
            let nodes = statement.query_map(
                params![at.as_millis(), text, limit, row::integer(offset)],
                node,
            )?;
            Ok((row::collect(nodes)?, row::count(total)))
        })
        .await
    }

    async fn list_seats(
        &self,
        person: &PersonId,
        node: &OrgNodeId,
        at: Timestamp,
    ) -> StorageResult<Vec<Seat>> {
        let (person, node) = (*person, *node);
        self.read(move |connection| {
            let sql = in_scope("SELECT DISTINCT role, seat_level FROM scope WHERE id = :node");
            let mut statement = connection.prepare_cached(&sql)?;
            let rows = statement.query_map(
                named_params! {
                    ":person": person.as_bytes(),
                    ":at": at.as_millis(),
                    ":node": node.as_bytes(),
                },
                |row| {
                    let role: Role = row::parsed(row, 0, "role")?;
                    Ok(role.seat(row::parsed(row, 1, "level")?))
                },
            )?;
            let mut seats = row::collect(rows)?;
            seats.sort_unstable();
            seats.dedup();
            Ok(seats)
        })
        .await
    }

    async fn list_granted_grids(
        &self,
        person: &PersonId,
        at: Timestamp,
    ) -> StorageResult<Vec<GrantedGrid>> {
        let person = *person;
        self.read(move |connection| granted(connection, &person, at))
            .await
    }

    async fn list_held_grids(&self, person: &PersonId) -> StorageResult<Vec<GridId>> {
        let person = *person;
        self.read(move |connection| {
            let mut statement = connection.prepare_cached(
                "SELECT DISTINCT node.id FROM assignment
                 JOIN org_node AS place ON place.id = assignment.node
                 JOIN org_node AS node
                     ON node.path >= place.path AND node.path < place.path || 'g'
                 WHERE assignment.person = ?1 AND node.level = 'grid'
                   AND may(assignment.role, place.level, 'household', 'hold')",
            )?;
            row::collect(statement.query_map([person.as_bytes()], |row| {
                row::id(row, 0, GridId::from_bytes)
            })?)
        })
        .await
    }

    async fn count_nodes(&self) -> StorageResult<u64> {
        self.read(|connection| {
            Ok(row::count(connection.query_row(
                "SELECT count(*) FROM org_node",
                [],
                |row| row.get(0),
            )?))
        })
        .await
    }
}
