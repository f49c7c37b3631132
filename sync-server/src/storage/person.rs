//! People and what they are assigned to.

use async_trait::async_trait;
use wangge_model::{AssignmentId, OrgNodeId, PersonId, Role, Timestamp};

use super::StorageResult;

/// Somebody who works with the system.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Person {
    /// Who.
    pub id: PersonId,
    /// Name.
    pub name: String,
    /// Console user name, if the person has one.
    pub username: Option<String>,
    /// Argon2id hash (PHC string), once a password is set.
    pub password_hash: Option<String>,
    /// Whether the person may do anything at all.
    pub active: bool,
    /// Since when.
    pub created_at: Timestamp,
}

/// A person to create.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewPerson {
    /// The id.
    pub id: PersonId,
    /// Name.
    pub name: String,
    /// Console user name; lower-cased by the caller.
    pub username: Option<String>,
    /// When.
    pub created_at: Timestamp,
}

/// Who works where, as what.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Assignment {
    /// Its id.
    pub id: AssignmentId,
    /// Who.
    pub person: PersonId,
    /// Where.
    pub node: OrgNodeId,
    /// As what.
    pub role: Role,
    /// Full-time or beside another job.
    pub full_time: bool,
    /// From when.
    pub valid_from: Timestamp,
    /// Until when.
    pub valid_to: Option<Timestamp>,
}

/// An assignment to create.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewAssignment {
    /// Its id.
    pub id: AssignmentId,
    /// Who.
    pub person: PersonId,
    /// Where.
    pub node: OrgNodeId,
    /// As what.
    pub role: Role,
    /// Full-time or beside another job.
    pub full_time: bool,
    /// From when.
    pub valid_from: Timestamp,
}

/// People and their assignments.
#[async_trait]
pub trait PersonStorage {
    /// Creates a person. `Taken("username")`.
    async fn create_person(&self, person: &NewPerson) -> StorageResult<()>;
    /// Creates many people and assignments, all or none.
    async fn create_people(
        &self,
        people: &[NewPerson],
        assignments: &[NewAssignment],
    ) -> StorageResult<()>;
    /// A person by id.
    async fn find_person(&self, id: &PersonId) -> StorageResult<Option<Person>>;
    /// A person by console user name.
    async fn find_person_by_username(&self, username: &str) -> StorageResult<Option<Person>>;
    /// Everybody, by name.
    async fn list_people(&self) -> StorageResult<Vec<Person>>;
    /// People with an assignment inside the viewer's scope at `at`, by name.
    async fn list_people_in_scope(
        &self,
        viewer: &PersonId,
        at: Timestamp,
    ) -> StorageResult<Vec<Person>>;
    /// Sets the password hash, ends the person's console sessions and forgets
    /// wrong passwords, which may have closed the account.
    /// `Missing("person")`.
    async fn set_password_hash(&self, id: &PersonId, hash: &str) -> StorageResult<()>;
    /// Lets a person in or shuts them out; shutting out ends every session of
    /// theirs. `Missing("person")`.
    async fn set_person_active(&self, id: &PersonId, active: bool) -> StorageResult<()>;
    /// Creates an assignment. `Missing("person")`, `Missing("org_node")`.
    async fn create_assignment(&self, assignment: &NewAssignment) -> StorageResult<()>;
    /// Ends an assignment. `Missing("assignment")`.
    async fn end_assignment(&self, id: &AssignmentId, at: Timestamp) -> StorageResult<()>;
    /// A person's assignments, past ones too, newest first.
    async fn list_assignments(&self, person: &PersonId) -> StorageResult<Vec<Assignment>>;
}
