//! See [`PersonStorage`].

use async_trait::async_trait;
use rusqlite::{Connection, OptionalExtension as _, Row, named_params, params};
use wangge_model::{AssignmentId, OrgNodeId, PersonId, Timestamp};

use super::{SqliteStorage, refused, row, scope::in_scope};
use crate::storage::{
    Assignment, NewAssignment, NewPerson, Person, PersonStorage, StorageError, StorageResult,
};

const COLUMNS: &str = "person.id, person.name, person.username, person.password_hash, \
     person.active, person.created_at";

fn person(row: &Row<'_>) -> rusqlite::Result<Person> {
    Ok(Person {
        id: row::id(row, 0, PersonId::from_bytes)?,
        name: row.get(1)?,
        username: row.get(2)?,
        password_hash: row.get(3)?,
        active: row.get(4)?,
        created_at: row::time(row, 5)?,
    })
}

fn insert_person(connection: &Connection, person: &NewPerson) -> StorageResult<()> {
    connection
        .prepare_cached(
            "INSERT INTO person (id, name, username, created_at) VALUES (?1, ?2, ?3, ?4)",
        )?
        .execute(params![
            person.id.as_bytes(),
            person.name,
            person.username,
            person.created_at.as_millis(),
        ])
        .map_err(|error| refused(error, "username", "person"))?;
    Ok(())
}

fn insert_assignment(connection: &Connection, new: &NewAssignment) -> StorageResult<()> {
    let exists = |sql: &str, id: &[u8; 16]| -> StorageResult<bool> {
        Ok(connection.prepare_cached(sql)?.exists([id])?)
    };
    if !exists("SELECT 1 FROM person WHERE id = ?1", new.person.as_bytes())? {
        return Err(StorageError::Missing("person"));
    }
    if !exists("SELECT 1 FROM org_node WHERE id = ?1", new.node.as_bytes())? {
        return Err(StorageError::Missing("org_node"));
    }
    connection
        .prepare_cached(
            "INSERT INTO assignment (id, person, node, role, full_time, valid_from)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
        )?
        .execute(params![
            new.id.as_bytes(),
            new.person.as_bytes(),
            new.node.as_bytes(),
            new.role.as_str(),
            new.full_time,
            new.valid_from.as_millis(),
        ])
        .map_err(|error| refused(error, "assignment", "person"))?;
    Ok(())
}

/// Runs a statement that must hit exactly the row of this id.
fn update_one(
    connection: &Connection,
    sql: &str,
    values: impl rusqlite::Params,
    missing: &'static str,
) -> StorageResult<()> {
    match connection.execute(sql, values)? {
        0 => Err(StorageError::Missing(missing)),
        _ => Ok(()),
    }
}

#[async_trait]
impl PersonStorage for SqliteStorage {
    async fn create_person(&self, person: &NewPerson) -> StorageResult<()> {
        let person = person.clone();
        self.write(move |connection, _| insert_person(connection, &person))
            .await
    }

    async fn create_people(
        &self,
        people: &[NewPerson],
        assignments: &[NewAssignment],
    ) -> StorageResult<()> {
        let (people, assignments) = (people.to_vec(), assignments.to_vec());
        self.write(move |connection, _| {
            people
                .iter()
                .try_for_each(|person| insert_person(connection, person))?;
            assignments
                .iter()
                .try_for_each(|new| insert_assignment(connection, new))
        })
        .await
    }

    async fn find_person(&self, id: &PersonId) -> StorageResult<Option<Person>> {
        let id = *id;
        self.read(move |connection| {
            Ok(connection
                .prepare_cached(&format!("SELECT {COLUMNS} FROM person WHERE id = ?1"))?
                .query_row([id.as_bytes()], person)
                .optional()?)
        })
        .await
    }

    async fn find_person_by_username(&self, username: &str) -> StorageResult<Option<Person>> {
        let username = username.to_owned();
        self.read(move |connection| {
            Ok(connection
                .prepare_cached(&format!("SELECT {COLUMNS} FROM person WHERE username = ?1"))?
                .query_row([username], person)
                .optional()?)
        })
        .await
    }

    async fn list_people(&self) -> StorageResult<Vec<Person>> {
        self.read(|connection| {
            let sql = format!("SELECT {COLUMNS} FROM person ORDER BY name, id");
            row::collect(connection.prepare_cached(&sql)?.query_map([], person)?)
        })
        .await
    }

    async fn list_people_in_scope(
        &self,
        viewer: &PersonId,
        at: Timestamp,
    ) -> StorageResult<Vec<Person>> {
        let viewer = *viewer;
        self.read(move |connection| {
            let sql = in_scope(&format!(
                "SELECT {COLUMNS} FROM person WHERE id IN (SELECT id FROM scope_person)
                 ORDER BY name, id"
            ));
            let mut statement = connection.prepare_cached(&sql)?;
            row::collect(statement.query_map(
                named_params! { ":person": viewer.as_bytes(), ":at": at.as_millis() },
                person,
            )?)
        })
        .await
    }

    async fn set_password_hash(&self, id: &PersonId, hash: &str) -> StorageResult<()> {
        let (id, hash) = (*id, hash.to_owned());
        self.write(move |connection, _| {
            update_one(
                connection,
                "UPDATE person SET password_hash = ?2 WHERE id = ?1",
                params![id.as_bytes(), hash],
                "person",
            )?;
            connection.execute(
                "DELETE FROM console_session WHERE person = ?1",
                [id.as_bytes()],
            )?;
            connection.execute(
                "DELETE FROM sign_in_attempt
                 WHERE username = (SELECT username FROM person WHERE id = ?1)",
                [id.as_bytes()],
            )?;
            Ok(())
        })
        .await
    }

    async fn set_person_active(&self, id: &PersonId, active: bool) -> StorageResult<()> {
        let id = *id;
        self.write(move |connection, _| {
            update_one(
                connection,
                "UPDATE person SET active = ?2 WHERE id = ?1",
                params![id.as_bytes(), active],
                "person",
            )?;
            if !active {
                connection.execute(
                    "DELETE FROM console_session WHERE person = ?1",
                    [id.as_bytes()],
                )?;
                connection.execute(
                    "DELETE FROM device_session
                     WHERE device IN (SELECT id FROM device WHERE person = ?1)",
                    [id.as_bytes()],
                )?;
            }
            Ok(())
        })
        .await
    }

    async fn create_assignment(&self, assignment: &NewAssignment) -> StorageResult<()> {
        let assignment = assignment.clone();
        self.write(move |connection, _| insert_assignment(connection, &assignment))
            .await
    }

    async fn end_assignment(&self, id: &AssignmentId, at: Timestamp) -> StorageResult<()> {
        let id = *id;
        self.write(move |connection, _| {
            update_one(
                connection,
                "UPDATE assignment SET valid_to = min(coalesce(valid_to, ?2), ?2) WHERE id = ?1",
                params![id.as_bytes(), at.as_millis()],
                "assignment",
            )
        })
        .await
    }

    async fn list_assignments(&self, person: &PersonId) -> StorageResult<Vec<Assignment>> {
        let person = *person;
        self.read(move |connection| {
            let mut statement = connection.prepare_cached(
                "SELECT id, person, node, role, full_time, valid_from, valid_to
                 FROM assignment WHERE person = ?1 ORDER BY valid_from DESC, id DESC",
            )?;
            row::collect(statement.query_map([person.as_bytes()], |row| {
                Ok(Assignment {
                    id: row::id(row, 0, AssignmentId::from_bytes)?,
                    person: row::id(row, 1, PersonId::from_bytes)?,
                    node: row::id(row, 2, OrgNodeId::from_bytes)?,
                    role: row::parsed(row, 3, "role")?,
                    full_time: row.get(4)?,
                    valid_from: row::time(row, 5)?,
                    valid_to: row::optional_time(row, 6)?,
                })
            })?)
        })
        .await
    }
}
