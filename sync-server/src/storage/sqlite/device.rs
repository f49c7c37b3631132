//! See [`DeviceStorage`].

use async_trait::async_trait;
use rusqlite::{Connection, OptionalExtension as _, Row, named_params, params};
use wangge_model::{ActorId, DeviceId, Incarnation, PersonId, Timestamp};

use super::{SqliteStorage, refused, row, scope::in_scope};
use crate::storage::{
    Device, DeviceStorage, EnrolmentCode, EnrolmentOutcome, NewDevice, NewEnrolmentCode,
    StorageError, StorageResult,
};

/// `last_seen_at` is written at most once in this many milliseconds.
const SEEN_STEP_MS: i64 = 60_000;

const SELECT: &str = "SELECT device.id, device.person, person.name, person.active, device.name,
        device.app_version, device.algorithm, device.public_key, device.enrolled_at,
        device.last_seen_at, device.revoked_at, device.last_counter, device.last_manifest_digest,
        device.quarantine_bytes
    FROM device JOIN person ON person.id = device.person";

fn device(row: &Row<'_>) -> rusqlite::Result<Device> {
    Ok(Device {
        id: row::id(row, 0, DeviceId::from_bytes)?,
        person: row::id(row, 1, PersonId::from_bytes)?,
        person_name: row.get(2)?,
        is_person_active: row.get(3)?,
        name: row.get(4)?,
        app_version: row.get(5)?,
        public_key: row::public_key(row, 6, 7)?,
        enrolled_at: row::time(row, 8)?,
        last_seen_at: row::optional_time(row, 9)?,
        revoked_at: row::optional_time(row, 10)?,
        last_counter: row::count(row.get(11)?),
        last_manifest_digest: row.get(12)?,
        quarantine_bytes: row::count(row.get(13)?),
    })
}

/// The phone an actor belongs to, and its person.
pub(super) fn find_owner(
    connection: &Connection,
    actor: &ActorId,
) -> StorageResult<Option<(DeviceId, PersonId)>> {
    Ok(connection
        .prepare_cached(
            "SELECT device.id, device.person FROM actor JOIN device ON device.id = actor.device
             WHERE actor.actor = ?1",
        )?
        .query_row([actor.as_bytes()], |row| {
            Ok((
                row::id(row, 0, DeviceId::from_bytes)?,
                row::id(row, 1, PersonId::from_bytes)?,
            ))
        })
        .optional()?)
}

/// Registers an app life's actor, if it is new.
pub(super) fn put_actor(
    connection: &Connection,
    actor: &ActorId,
    device: &DeviceId,
    incarnation: &Incarnation,
    at: Timestamp,
) -> StorageResult<()> {
    connection
        .prepare_cached(
            "INSERT INTO actor (actor, device, incarnation, first_seen_at)
             VALUES (?1, ?2, ?3, ?4) ON CONFLICT (actor) DO NOTHING",
        )?
        .execute(params![
            actor.as_bytes(),
            device.as_bytes(),
            incarnation.as_bytes(),
            at.as_millis(),
        ])?;
    Ok(())
}

fn put_session(
    connection: &Connection,
    token_hash: &[u8; 32],
    device: &DeviceId,
    at: Timestamp,
    expires_at: Timestamp,
) -> StorageResult<()> {
    connection
        .prepare_cached("DELETE FROM device_session WHERE expires_at <= ?1")?
        .execute([at.as_millis()])?;
    connection
        .prepare_cached(
            "INSERT INTO device_session (token_hash, device, expires_at) VALUES (?1, ?2, ?3)",
        )?
        .execute(params![
            token_hash,
            device.as_bytes(),
            expires_at.as_millis()
        ])
        .map_err(|error| refused(error, "session", "device"))?;
    Ok(())
}

fn enrol(
    connection: &Connection,
    code_hash: &[u8; 32],
    new: &NewDevice,
    at: Timestamp,
) -> StorageResult<EnrolmentOutcome> {
    let found = connection
        .prepare_cached(
            "SELECT code.person, person.name, person.active, code.expires_at, code.used_at
             FROM enrolment_code AS code JOIN person ON person.id = code.person
             WHERE code.code_hash = ?1",
        )?
        .query_row([code_hash], |row| {
            Ok((
                row::id(row, 0, PersonId::from_bytes)?,
                row.get::<_, String>(1)?,
                row.get::<_, bool>(2)?,
                row::time(row, 3)?,
                row::optional_time(row, 4)?,
            ))
        })
        .optional()?;
    let Some((person, person_name, is_active, expires_at, used_at)) = found else {
        return Ok(EnrolmentOutcome::CodeInvalid);
    };
    if used_at.is_some() {
        return Ok(EnrolmentOutcome::CodeInvalid);
    }
    if expires_at <= at {
        return Ok(EnrolmentOutcome::CodeExpired);
    }
    if !is_active {
        return Ok(EnrolmentOutcome::PersonInactive);
    }
    connection
        .prepare_cached(
            "INSERT INTO device (id, person, name, app_version, algorithm, public_key, enrolled_at,
                                 last_seen_at)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?7)",
        )?
        .execute(params![
            new.id.as_bytes(),
            person.as_bytes(),
            new.name,
            new.app_version,
            row::algorithm_number(new.public_key.algorithm),
            new.public_key.bytes,
            at.as_millis(),
        ])?;
    connection
        .prepare_cached("UPDATE enrolment_code SET used_at = ?2, device = ?3 WHERE code_hash = ?1")?
        .execute(params![code_hash, at.as_millis(), new.id.as_bytes()])?;
    put_actor(connection, &new.actor, &new.id, &new.incarnation, at)?;
    put_session(
        connection,
        &new.session_hash,
        &new.id,
        at,
        new.session_expires_at,
    )?;
    Ok(EnrolmentOutcome::Enrolled {
        person,
        person_name,
    })
}

#[async_trait]
impl DeviceStorage for SqliteStorage {
    async fn create_enrolment_code(&self, code: &NewEnrolmentCode) -> StorageResult<()> {
        let code = code.clone();
        self.write(move |connection, _| {
            connection
                .execute(
                    "INSERT INTO enrolment_code (code_hash, person, created_at, expires_at)
                     VALUES (?1, ?2, ?3, ?4)",
                    params![
                        code.code_hash,
                        code.person.as_bytes(),
                        code.created_at.as_millis(),
                        code.expires_at.as_millis(),
                    ],
                )
                .map_err(|error| refused(error, "code", "person"))?;
            Ok(())
        })
        .await
    }

    async fn list_enrolment_codes(&self, person: &PersonId) -> StorageResult<Vec<EnrolmentCode>> {
        let person = *person;
        self.read(move |connection| {
            let mut statement = connection.prepare_cached(
                "SELECT person, created_at, expires_at, used_at, device FROM enrolment_code
                 WHERE person = ?1 ORDER BY created_at DESC",
            )?;
            row::collect(statement.query_map([person.as_bytes()], |row| {
                Ok(EnrolmentCode {
                    person: row::id(row, 0, PersonId::from_bytes)?,
                    created_at: row::time(row, 1)?,
                    expires_at: row::time(row, 2)?,
                    used_at: row::optional_time(row, 3)?,
                    device: row::optional_id(row, 4, DeviceId::from_bytes)?,
                })
            })?)
        })
        .await
    }

    async fn enrol_device(
        &self,
        code_hash: &[u8; 32],
        device: &NewDevice,
        at: Timestamp,
    ) -> StorageResult<EnrolmentOutcome> {
        let (code_hash, device) = (*code_hash, device.clone());
        self.write(move |connection, _| enrol(connection, &code_hash, &device, at))
            .await
    }

    async fn find_device(&self, id: &DeviceId) -> StorageResult<Option<Device>> {
        let id = *id;
        self.read(move |connection| {
            Ok(connection
                .prepare_cached(&format!("{SELECT} WHERE device.id = ?1"))?
                .query_row([id.as_bytes()], device)
                .optional()?)
        })
        .await
    }

    async fn list_devices(&self) -> StorageResult<Vec<Device>> {
        self.read(|connection| {
            let sql = format!("{SELECT} ORDER BY device.enrolled_at DESC, device.id DESC");
            row::collect(connection.prepare_cached(&sql)?.query_map([], device)?)
        })
        .await
    }

    async fn list_devices_in_scope(
        &self,
        viewer: &PersonId,
        at: Timestamp,
    ) -> StorageResult<Vec<Device>> {
        let viewer = *viewer;
        self.read(move |connection| {
            let sql = in_scope(&format!(
                "{SELECT} WHERE device.person IN (SELECT id FROM person_account)
                 ORDER BY device.enrolled_at DESC, device.id DESC"
            ));
            let mut statement = connection.prepare_cached(&sql)?;
            row::collect(statement.query_map(
                named_params! { ":person": viewer.as_bytes(), ":at": at.as_millis() },
                device,
            )?)
        })
        .await
    }

    async fn revoke_device(&self, id: &DeviceId, at: Timestamp) -> StorageResult<()> {
        let id = *id;
        self.write(move |connection, _| {
            let changed = connection.execute(
                "UPDATE device SET revoked_at = coalesce(revoked_at, ?2) WHERE id = ?1",
                params![id.as_bytes(), at.as_millis()],
            )?;
            connection.execute(
                "DELETE FROM device_session WHERE device = ?1",
                [id.as_bytes()],
            )?;
            if changed == 0 {
                Err(StorageError::Missing("device"))
            } else {
                Ok(())
            }
        })
        .await
    }

    async fn touch_device(
        &self,
        id: &DeviceId,
        app_version: &str,
        at: Timestamp,
    ) -> StorageResult<()> {
        let (id, app_version) = (*id, app_version.to_owned());
        self.write(move |connection, _| {
            connection
                .prepare_cached(
                    "UPDATE device SET last_seen_at = ?2, app_version = ?3
                     WHERE id = ?1 AND (app_version <> ?3 OR last_seen_at IS NULL
                                        OR last_seen_at + ?4 <= ?2)",
                )?
                .execute(params![
                    id.as_bytes(),
                    at.as_millis(),
                    app_version,
                    SEEN_STEP_MS
                ])?;
            Ok(())
        })
        .await
    }

    async fn create_device_session(
        &self,
        token_hash: &[u8; 32],
        device: &DeviceId,
        at: Timestamp,
        expires_at: Timestamp,
    ) -> StorageResult<()> {
        let (token_hash, device) = (*token_hash, *device);
        self.write(move |connection, _| {
            put_session(connection, &token_hash, &device, at, expires_at)
        })
        .await
    }

    async fn find_device_by_session(
        &self,
        token_hash: &[u8; 32],
        at: Timestamp,
    ) -> StorageResult<Option<Device>> {
        let token_hash = *token_hash;
        self.read(move |connection| {
            let sql = format!(
                "{SELECT} JOIN device_session ON device_session.device = device.id
                 WHERE device_session.token_hash = ?1 AND device_session.expires_at > ?2"
            );
            Ok(connection
                .prepare_cached(&sql)?
                .query_row(params![token_hash, at.as_millis()], device)
                .optional()?)
        })
        .await
    }

    async fn list_actors(&self, device: &DeviceId) -> StorageResult<Vec<ActorId>> {
        let device = *device;
        self.read(move |connection| {
            let mut statement = connection.prepare_cached(
                "SELECT actor FROM actor WHERE device = ?1 ORDER BY first_seen_at DESC",
            )?;
            row::collect(statement.query_map([device.as_bytes()], |row| {
                row::id(row, 0, ActorId::from_bytes)
            })?)
        })
        .await
    }

    async fn find_actor(&self, actor: &ActorId) -> StorageResult<Option<DeviceId>> {
        let actor = *actor;
        self.read(move |connection| {
            Ok(connection
                .prepare_cached("SELECT device FROM actor WHERE actor = ?1")?
                .query_row([actor.as_bytes()], |row| {
                    row::id(row, 0, DeviceId::from_bytes)
                })
                .optional()?)
        })
        .await
    }
}
