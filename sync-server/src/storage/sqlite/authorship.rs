//! See [`AuthorshipStorage`].

use async_trait::async_trait;
use rusqlite::OptionalExtension as _;
use wangge_model::{ActorId, DeviceId, PersonId, RecordId};

use super::{SqliteStorage, row};
use crate::storage::{Authorship, AuthorshipStorage, StorageResult};

#[async_trait]
impl AuthorshipStorage for SqliteStorage {
    async fn list_authorship(&self, record: &RecordId) -> StorageResult<Vec<Authorship>> {
        let record = *record;
        self.read(move |connection| {
            let mut statement = connection.prepare_cached(
                "WITH place AS MATERIALIZED (SELECT hash, seq FROM change WHERE record = ?1)
                 SELECT a.hash, a.person, person.name, a.device, device.name, a.manifest_counter,
                        a.received_at
                 FROM authorship AS a
                 LEFT JOIN person ON person.id = a.person
                 LEFT JOIN device ON device.id = a.device
                 LEFT JOIN place ON place.hash = a.hash
                 WHERE a.record = ?1 ORDER BY a.received_at, place.seq",
            )?;
            row::collect(statement.query_map([record.as_bytes()], |row| {
                Ok(Authorship {
                    hash: row::hash(row, 0)?,
                    person: row::optional_id(row, 1, PersonId::from_bytes)?,
                    person_name: row.get(2)?,
                    device: row::optional_id(row, 3, DeviceId::from_bytes)?,
                    device_name: row.get(4)?,
                    manifest_counter: row.get::<_, Option<i64>>(5)?.map(row::count),
                    received_at: row::time(row, 6)?,
                })
            })?)
        })
        .await
    }

    async fn find_person_of_actor(&self, actor: &ActorId) -> StorageResult<Option<PersonId>> {
        let actor = *actor;
        self.read(move |connection| {
            Ok(connection
                .prepare_cached(
                    "SELECT device.person FROM actor JOIN device ON device.id = actor.device
                     WHERE actor.actor = ?1",
                )?
                .query_row([actor.as_bytes()], |row| {
                    row::id(row, 0, PersonId::from_bytes)
                })
                .optional()?)
        })
        .await
    }
}
