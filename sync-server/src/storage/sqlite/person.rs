//! See [`PersonStorage`].

use async_trait::async_trait;
use rusqlite::{Connection, OptionalExtension as _, Row, named_params, params};
use wangge_model::{AssignmentId, OrgNodeId, PersonId, Timestamp, org::Duty};

use super::{SqliteStorage, org, refused, row, scope::in_scope};
use crate::storage::{
    Assignment, NewAssignment, NewPerson, Person, PersonChange, PersonPosts, PersonStorage,
    PlaceStaff, StorageError, StorageResult, TeamMember,
};

const COLUMNS: &str = "person.id, person.name, person.username, person.password_hash, \
     person.active, person.phone, person.trained_on, person.created_at";

fn person(row: &Row<'_>) -> rusqlite::Result<Person> {
    Ok(Person {
        id: row::id(row, 0, PersonId::from_bytes)?,
        name: row.get(1)?,
        username: row.get(2)?,
        password_hash: row.get(3)?,
        active: row.get(4)?,
        phone: row.get(5)?,
        trained_on: row::optional_parsed(row, 6, "date")?,
        created_at: row::time(row, 7)?,
    })
}

const ASSIGNMENT_COLUMNS: &str = "assignment.id, assignment.person, assignment.node, \
     assignment.role, assignment.full_time, assignment.reserve, assignment.duties, \
     assignment.valid_from, assignment.valid_to";
const ASSIGNMENT_WIDTH: usize = 9;

fn assignment(row: &Row<'_>) -> rusqlite::Result<Assignment> {
    Ok(Assignment {
        id: row::id(row, 0, AssignmentId::from_bytes)?,
        person: row::id(row, 1, PersonId::from_bytes)?,
        node: row::id(row, 2, OrgNodeId::from_bytes)?,
        role: row::parsed(row, 3, "role")?,
        full_time: row.get(4)?,
        reserve: row.get(5)?,
        duties: Duty::split(&row.get::<_, String>(6)?).map_err(|_| row::damaged(6, "duties"))?,
        valid_from: row::time(row, 7)?,
        valid_to: row::optional_time(row, 8)?,
    })
}

const MEMBER_COLUMNS: &str = "person.name, person.phone, person.active, person.trained_on";

fn member(row: &Row<'_>) -> rusqlite::Result<TeamMember> {
    Ok(TeamMember {
        assignment: assignment(row)?,
        name: row.get(ASSIGNMENT_WIDTH)?,
        phone: row.get(ASSIGNMENT_WIDTH + 1)?,
        active: row.get(ASSIGNMENT_WIDTH + 2)?,
        trained_on: row::optional_parsed(row, ASSIGNMENT_WIDTH + 3, "date")?,
    })
}

/// By place, then role, highest first: roles are words in the database, so the
/// order is made here.
fn sorted(mut members: Vec<TeamMember>) -> Vec<TeamMember> {
    members.sort_by(|one, two| {
        let key = |member: &TeamMember| {
            let Assignment { node, role, id, .. } = &member.assignment;
            (*node, std::cmp::Reverse(*role), *id)
        };
        key(one).cmp(&key(two))
    });
    members
}

fn find(connection: &Connection, id: &PersonId) -> StorageResult<Option<Person>> {
    Ok(connection
        .prepare_cached(&format!("SELECT {COLUMNS} FROM person WHERE id = ?1"))?
        .query_row([id.as_bytes()], person)
        .optional()?)
}

/// A person's assignments, past ones too, newest first.
fn assignments(connection: &Connection, person: &PersonId) -> StorageResult<Vec<Assignment>> {
    let sql = format!(
        "SELECT {ASSIGNMENT_COLUMNS} FROM assignment
         WHERE person = ?1 ORDER BY valid_from DESC, id DESC"
    );
    let mut statement = connection.prepare_cached(&sql)?;
    row::collect(statement.query_map([person.as_bytes()], assignment)?)
}

/// Everybody assigned to a place at `at`, in no order.
fn members(
    connection: &Connection,
    node: &OrgNodeId,
    at: Timestamp,
) -> StorageResult<Vec<TeamMember>> {
    let mut statement = connection.prepare_cached(&format!(
        "SELECT {ASSIGNMENT_COLUMNS}, {MEMBER_COLUMNS}
         FROM assignment JOIN person ON person.id = assignment.person
         WHERE assignment.node = ?1 AND assignment.valid_from <= ?2
           AND (assignment.valid_to IS NULL OR assignment.valid_to > ?2)"
    ))?;
    row::collect(statement.query_map(params![node.as_bytes(), at.as_millis()], member)?)
}

fn insert_person(connection: &Connection, person: &NewPerson) -> StorageResult<()> {
    connection
        .prepare_cached(
            "INSERT INTO person (id, name, username, phone, trained_on, created_at)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
        )?
        .execute(params![
            person.id.as_bytes(),
            person.name,
            person.username,
            person.phone,
            person.trained_on.map(|date| date.to_string()),
            person.created_at.as_millis(),
        ])
        .map_err(|error| refused(error, "username", "person"))?;
    Ok(())
}

pub(super) fn insert_assignment(connection: &Connection, new: &NewAssignment) -> StorageResult<()> {
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
            "INSERT INTO assignment (id, person, node, role, full_time, reserve, duties,
                                     valid_from)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
        )?
        .execute(params![
            new.id.as_bytes(),
            new.person.as_bytes(),
            new.node.as_bytes(),
            new.role.as_str(),
            new.full_time,
            new.reserve,
            Duty::join(&new.duties),
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

fn end_assignment(connection: &Connection, id: &AssignmentId, at: Timestamp) -> StorageResult<()> {
    update_one(
        connection,
        "UPDATE assignment SET valid_to = min(coalesce(valid_to, ?2), ?2) WHERE id = ?1",
        params![id.as_bytes(), at.as_millis()],
        "assignment",
    )
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
        self.read(move |connection| find(connection, &id)).await
    }

    async fn find_posts(&self, id: &PersonId) -> StorageResult<Option<PersonPosts>> {
        let id = *id;
        self.read(move |connection| {
            let Some(person) = find(connection, &id)? else {
                return Ok(None);
            };
            let mut posts = Vec::new();
            for assignment in assignments(connection, &id)? {
                let line = org::line(connection, assignment.node)?;
                posts.push((assignment, line));
            }
            Ok(Some(PersonPosts { person, posts }))
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
                "SELECT {COLUMNS} FROM person WHERE id IN (SELECT id FROM person_team)
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

    async fn change_person(&self, id: &PersonId, change: &PersonChange) -> StorageResult<()> {
        let (id, change) = (*id, change.clone());
        self.write(move |connection, _| {
            let trained_on = change.trained_on.flatten().map(|date| date.to_string());
            update_one(
                connection,
                "UPDATE person SET name = coalesce(?2, name), phone = coalesce(?3, phone),
                     trained_on = CASE WHEN ?4 THEN ?5 ELSE trained_on END
                 WHERE id = ?1",
                params![
                    id.as_bytes(),
                    change.name,
                    change.phone,
                    change.trained_on.is_some(),
                    trained_on,
                ],
                "person",
            )
        })
        .await
    }

    async fn list_team(&self, viewer: &PersonId, at: Timestamp) -> StorageResult<Vec<TeamMember>> {
        let viewer = *viewer;
        self.read(move |connection| {
            let sql = in_scope(&format!(
                "SELECT {ASSIGNMENT_COLUMNS}, {MEMBER_COLUMNS}
                 FROM (SELECT DISTINCT id FROM scope WHERE may_see_team) AS place
                 JOIN assignment ON assignment.node = place.id
                 JOIN person ON person.id = assignment.person
                 WHERE assignment.valid_from <= :at
                   AND (assignment.valid_to IS NULL OR assignment.valid_to > :at)"
            ));
            let mut statement = connection.prepare_cached(&sql)?;
            let rows = statement.query_map(
                named_params! { ":person": viewer.as_bytes(), ":at": at.as_millis() },
                member,
            )?;
            Ok(sorted(row::collect(rows)?))
        })
        .await
    }

    async fn list_members(
        &self,
        nodes: &[OrgNodeId],
        at: Timestamp,
    ) -> StorageResult<Vec<TeamMember>> {
        let nodes = nodes.to_vec();
        self.read(move |connection| {
            let mut all = Vec::new();
            for node in nodes {
                all.extend(members(connection, &node, at)?);
            }
            Ok(sorted(all))
        })
        .await
    }

    async fn list_staff(
        &self,
        nodes: &[OrgNodeId],
        at: Timestamp,
    ) -> StorageResult<Vec<PlaceStaff>> {
        let nodes = nodes.to_vec();
        self.read(move |connection| {
            let mut staff = Vec::with_capacity(nodes.len());
            for id in nodes {
                if let Some(node) = org::find(connection, &id)? {
                    let members = sorted(members(connection, &id, at)?);
                    staff.push(PlaceStaff { node, members });
                }
            }
            Ok(staff)
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
        self.write(move |connection, _| end_assignment(connection, &id, at))
            .await
    }

    async fn replace_assignment(
        &self,
        id: &AssignmentId,
        successor: &NewAssignment,
    ) -> StorageResult<()> {
        let (id, successor) = (*id, successor.clone());
        self.write(move |connection, _| {
            end_assignment(connection, &id, successor.valid_from)?;
            insert_assignment(connection, &successor)
        })
        .await
    }

    async fn find_assignment(&self, id: &AssignmentId) -> StorageResult<Option<Assignment>> {
        let id = *id;
        self.read(move |connection| {
            let sql = format!("SELECT {ASSIGNMENT_COLUMNS} FROM assignment WHERE id = ?1");
            Ok(connection
                .prepare_cached(&sql)?
                .query_row([id.as_bytes()], assignment)
                .optional()?)
        })
        .await
    }

    async fn list_assignments(&self, person: &PersonId) -> StorageResult<Vec<Assignment>> {
        let person = *person;
        self.read(move |connection| assignments(connection, &person))
            .await
    }
}
