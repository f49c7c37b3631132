//! See [`ReferenceStorage`].

use async_trait::async_trait;
use rusqlite::{Connection, OptionalExtension as _, Row, params};
use wangge_model::{
    GridId, OrgNodeId, PersonId, ReferenceVersion, protocol::ReferenceStamp, reference::VISIT_RULES,
};

use super::{SqliteStorage, refused, row, visit};
use crate::storage::{NewReference, ReferenceEdition, ReferenceStorage, StorageResult};

/// An edition's columns, the content last.
const COLUMNS: &str = "edition.name, edition.node, place.name, edition.number, edition.version, \
     edition.is_current, coalesce(person.name, ''), edition.at, edition.body";
/// The same without the content.
const COLUMNS_WITHOUT_BODY: &str = "edition.name, edition.node, place.name, edition.number, \
     edition.version, edition.is_current, coalesce(person.name, ''), edition.at, NULL";
const FROM: &str = "FROM reference_edition AS edition
     JOIN org_node AS place ON place.id = edition.node
     LEFT JOIN person ON person.id = edition.person";

/// The place `?1` and those above it, with their height over it.
const UP: &str = "WITH RECURSIVE up (id, parent, height) AS (
         SELECT id, parent, 0 FROM org_node WHERE id = ?1
         UNION ALL
         SELECT above.id, above.parent, up.height + 1
         FROM up JOIN org_node AS above ON above.id = up.parent
     )";

fn edition(row: &Row<'_>) -> rusqlite::Result<ReferenceEdition> {
    Ok(ReferenceEdition {
        name: row.get(0)?,
        node: row::id(row, 1, OrgNodeId::from_bytes)?,
        node_name: row.get(2)?,
        number: row.get(3)?,
        version: row::id(row, 4, ReferenceVersion::from_bytes)?,
        is_current: row.get(5)?,
        person_name: row.get(6)?,
        at: row::time(row, 7)?,
        body: row.get(8)?,
    })
}

/// Makes a content current; answers whether the set changed.
pub(super) fn publish(connection: &Connection, new: &NewReference) -> StorageResult<bool> {
    let before: Option<(u32, bool, Option<Vec<u8>>)> = connection
        .prepare_cached(
            "SELECT number, is_current, body FROM reference_edition
             WHERE node = ?1 AND name = ?2 ORDER BY number DESC LIMIT 1",
        )?
        .query_row(params![new.node.as_bytes(), new.name], |row| {
            Ok((row.get(0)?, row.get(1)?, row.get(2)?))
        })
        .optional()?;
    let (number, body) = before.map_or((0, None), |(number, _, body)| (number, body));
    if body == new.body {
        return Ok(false);
    }
    connection
        .prepare_cached(
            "UPDATE reference_edition SET is_current = 0
             WHERE node = ?1 AND name = ?2 AND is_current = 1",
        )?
        .execute(params![new.node.as_bytes(), new.name])?;
    let content = new.body.as_deref().unwrap_or_default();
    let version = ReferenceVersion::of(&new.name, &new.node, content);
    connection
        .prepare_cached(
            "INSERT INTO reference_edition (node, name, number, version, body, is_current, person,
                                            at)
             VALUES (?1, ?2, ?3, ?4, ?5, 1, ?6, ?7)",
        )?
        .execute(params![
            new.node.as_bytes(),
            new.name,
            number + 1,
            version.as_bytes(),
            new.body,
            new.person.as_ref().map(PersonId::as_bytes),
            new.at.as_millis(),
        ])
        .map_err(|error| refused(error, "reference", "org_node"))?;
    if new.name == VISIT_RULES {
        visit::judge_again_below(connection, &new.node)?;
    }
    Ok(true)
}

/// The set that holds at a place: the nearest one upwards.
pub(super) fn find_above(
    connection: &Connection,
    name: &str,
    node: &OrgNodeId,
) -> StorageResult<Option<ReferenceEdition>> {
    Ok(connection
        .prepare_cached(&format!(
            "{UP}
             SELECT {COLUMNS} {FROM} JOIN up ON up.id = edition.node
             WHERE edition.name = ?2 AND edition.is_current = 1 AND edition.body IS NOT NULL
             ORDER BY up.height LIMIT 1"
        ))?
        .query_row(params![node.as_bytes(), name], edition)
        .optional()?)
}

fn list_stamps(connection: &Connection, grids: &[GridId]) -> StorageResult<Vec<ReferenceStamp>> {
    let quoted: Vec<String> = grids
        .iter()
        .map(|grid| format!("\"{}\"", hex::encode(grid.as_bytes())))
        .collect();
    let mut statement = connection.prepare_cached(
        "WITH RECURSIVE up (id) AS (
             SELECT unhex(value) FROM json_each(?1)
             UNION
             SELECT place.parent FROM up JOIN org_node AS place ON place.id = up.id
             WHERE place.parent IS NOT NULL
         )
         SELECT edition.name, edition.node, edition.version
         FROM up JOIN reference_edition AS edition ON edition.node = up.id
         WHERE edition.is_current = 1 AND edition.body IS NOT NULL
         ORDER BY edition.name, edition.node",
    )?;
    row::collect(
        statement.query_map([format!("[{}]", quoted.join(","))], |row| {
            Ok(ReferenceStamp {
                name: row.get(0)?,
                node: row::id(row, 1, OrgNodeId::from_bytes)?,
                version: row::id(row, 2, ReferenceVersion::from_bytes)?,
            })
        })?,
    )
}

fn load(
    connection: &Connection,
    stamps: &[ReferenceStamp],
    max_bytes: usize,
) -> StorageResult<Vec<(ReferenceStamp, Vec<u8>)>> {
    let mut statement = connection.prepare_cached(
        "SELECT body FROM reference_edition
         WHERE node = ?1 AND name = ?2 AND version = ?3 AND is_current = 1 AND body IS NOT NULL",
    )?;
    let (mut loaded, mut bytes) = (Vec::new(), 0_usize);
    for stamp in stamps {
        let body: Option<Vec<u8>> = statement
            .query_row(
                params![stamp.node.as_bytes(), stamp.name, stamp.version.as_bytes()],
                |row| row.get(0),
            )
            .optional()?;
        // Another edition since: the phone hears of it with its next request.
        let Some(body) = body else { continue };
        bytes = bytes.saturating_add(body.len());
        if bytes > max_bytes && !loaded.is_empty() {
            break;
        }
        loaded.push((stamp.clone(), body));
    }
    Ok(loaded)
}

#[async_trait]
impl ReferenceStorage for SqliteStorage {
    async fn publish_references(&self, new: &[NewReference]) -> StorageResult<u64> {
        let new = new.to_vec();
        self.write(move |connection, _| {
            let mut changed = 0;
            for one in &new {
                changed += u64::from(publish(connection, one)?);
            }
            Ok(changed)
        })
        .await
    }

    async fn find_reference(
        &self,
        name: &str,
        node: &OrgNodeId,
    ) -> StorageResult<Option<ReferenceEdition>> {
        let (name, node) = (name.to_owned(), *node);
        self.read(move |connection| {
            Ok(connection
                .prepare_cached(&format!(
                    "SELECT {COLUMNS} {FROM}
                     WHERE edition.node = ?1 AND edition.name = ?2 AND edition.is_current = 1"
                ))?
                .query_row(params![node.as_bytes(), name], edition)
                .optional()?)
        })
        .await
    }

    async fn find_reference_above(
        &self,
        name: &str,
        node: &OrgNodeId,
    ) -> StorageResult<Option<ReferenceEdition>> {
        let (name, node) = (name.to_owned(), *node);
        self.read(move |connection| find_above(connection, &name, &node))
            .await
    }

    async fn list_references_above(
        &self,
        prefix: &str,
        node: &OrgNodeId,
    ) -> StorageResult<Vec<ReferenceEdition>> {
        let (prefix, node) = (prefix.to_owned(), *node);
        self.read(move |connection| {
            let mut statement = connection.prepare_cached(&format!(
                "{UP}
                 SELECT {COLUMNS} {FROM} JOIN up ON up.id = edition.node
                 WHERE substr(edition.name, 1, length(?2)) = ?2 AND edition.is_current = 1
                     AND edition.body IS NOT NULL
                 ORDER BY up.height DESC, edition.name"
            ))?;
            row::collect(statement.query_map(params![node.as_bytes(), prefix], edition)?)
        })
        .await
    }

    async fn list_references(&self) -> StorageResult<Vec<ReferenceEdition>> {
        self.read(|connection| {
            let mut statement = connection.prepare_cached(&format!(
                "SELECT {COLUMNS_WITHOUT_BODY} {FROM}
                 WHERE edition.is_current = 1 AND edition.body IS NOT NULL
                 ORDER BY edition.name, place.path"
            ))?;
            row::collect(statement.query_map([], edition)?)
        })
        .await
    }

    async fn list_reference_editions(
        &self,
        name: &str,
        node: &OrgNodeId,
    ) -> StorageResult<Vec<ReferenceEdition>> {
        let (name, node) = (name.to_owned(), *node);
        self.read(move |connection| {
            let mut statement = connection.prepare_cached(&format!(
                "SELECT {COLUMNS_WITHOUT_BODY} {FROM}
                 WHERE edition.node = ?1 AND edition.name = ?2 ORDER BY edition.number DESC"
            ))?;
            row::collect(statement.query_map(params![node.as_bytes(), name], edition)?)
        })
        .await
    }

    async fn find_reference_edition(
        &self,
        name: &str,
        node: &OrgNodeId,
        number: u32,
    ) -> StorageResult<Option<ReferenceEdition>> {
        let (name, node) = (name.to_owned(), *node);
        self.read(move |connection| {
            Ok(connection
                .prepare_cached(&format!(
                    "SELECT {COLUMNS} {FROM}
                     WHERE edition.node = ?1 AND edition.name = ?2 AND edition.number = ?3"
                ))?
                .query_row(params![node.as_bytes(), name, number], edition)
                .optional()?)
        })
        .await
    }

    async fn list_reference_stamps(&self, grids: &[GridId]) -> StorageResult<Vec<ReferenceStamp>> {
        let grids = grids.to_vec();
        self.read(move |connection| list_stamps(connection, &grids))
            .await
    }

    async fn load_references(
        &self,
        stamps: &[ReferenceStamp],
        max_bytes: usize,
    ) -> StorageResult<Vec<(ReferenceStamp, Vec<u8>)>> {
        let stamps = stamps.to_vec();
        self.read(move |connection| load(connection, &stamps, max_bytes))
            .await
    }
}
