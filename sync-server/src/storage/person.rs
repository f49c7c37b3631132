//! People and what they are assigned to.

use async_trait::async_trait;
use chrono::NaiveDate;
use wangge_model::{
    AssignmentId, OrgNodeId, PersonId, Role, Timestamp,
    org::{Duty, Validity},
};

use super::{OrgNode, StorageResult};

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
    /// Phone number for residents, on the grid's board; may be empty.
    pub phone: String,
    /// First day on which the person may work, after training; `None`: not
    /// trained yet, and without scope in roles that need training.
    pub trained_on: Option<NaiveDate>,
    /// Since when.
    pub created_at: Timestamp,
}

impl Person {
    /// Whether training is done at `at` (先培训后上岗).
    pub fn is_trained(&self, at: Timestamp) -> bool {
        self.trained_on
            .zip(at.to_china_date())
            .is_some_and(|(trained_on, today)| trained_on <= today)
    }
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
    /// Phone number for residents; may be empty.
    pub phone: String,
    /// First day on which the person may work, after training.
    pub trained_on: Option<NaiveDate>,
    /// When.
    pub created_at: Timestamp,
}

/// What is changed of a person; unset parts stay.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct PersonChange {
    /// Name.
    pub name: Option<String>,
    /// Phone number for residents; empty takes it away.
    pub phone: Option<String>,
    /// First day of work after training; `Some(None)`: not trained after all.
    pub trained_on: Option<Option<NaiveDate>>,
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
    /// Assigned beforehand (预编): no scope until called out.
    pub reserve: bool,
    /// What they look after beside the general work.
    pub duties: Vec<Duty>,
    /// From when.
    pub valid_from: Timestamp,
    /// Until when.
    pub valid_to: Option<Timestamp>,
}

impl Assignment {
    /// From when to when it holds.
    pub const fn validity(&self) -> Validity {
        Validity {
            from: self.valid_from,
            to: self.valid_to,
        }
    }
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
    /// Assigned beforehand (预编): no scope until called out.
    pub reserve: bool,
    /// What they look after beside the general work.
    pub duties: Vec<Duty>,
    /// From when.
    pub valid_from: Timestamp,
}

/// Somebody at a place, as a team list shows them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TeamMember {
    /// The assignment.
    pub assignment: Assignment,
    /// Name.
    pub name: String,
    /// Phone number for residents; may be empty.
    pub phone: String,
    /// Whether the person may do anything at all.
    pub active: bool,
    /// First day of work after training.
    pub trained_on: Option<NaiveDate>,
}

impl TeamMember {
    /// Whether somebody may be told to go to them at `at`: let in, trained if the
    /// role needs it, and not one who is only assigned beforehand.
    pub fn is_on_duty(&self, at: Timestamp) -> bool {
        let is_trained = self
            .trained_on
            .zip(at.to_china_date())
            .is_some_and(|(trained_on, today)| trained_on <= today);
        let is_ready = is_trained || !self.assignment.role.spec().needs_training;
        self.active && !self.assignment.reserve && is_ready
    }
}

/// A place and everybody assigned to it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PlaceStaff {
    /// The place.
    pub node: OrgNode,
    /// Who, highest role first.
    pub members: Vec<TeamMember>,
}

/// A person with every assignment, past ones too.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PersonPosts {
    /// Who.
    pub person: Person,
    /// The assignments, newest first, each with its place: from the root down to
    /// the place itself.
    pub posts: Vec<(Assignment, Vec<OrgNode>)>,
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
    /// A person with their assignments and the places of these; for the machinery.
    async fn find_posts(&self, id: &PersonId) -> StorageResult<Option<PersonPosts>>;
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
    /// Changes a person. `Missing("person")`.
    async fn change_person(&self, id: &PersonId, change: &PersonChange) -> StorageResult<()>;
    /// Everybody with an assignment at `at` to a place in the viewer's scope
    /// whose staff the viewer may see, by place, then role, highest first.
    async fn list_team(&self, viewer: &PersonId, at: Timestamp) -> StorageResult<Vec<TeamMember>>;
    /// Everybody with an assignment at `at` to one of these places, by place,
    /// then role, highest first; whoever asks: for the machinery and the public
    /// board.
    async fn list_members(
        &self,
        nodes: &[OrgNodeId],
        at: Timestamp,
    ) -> StorageResult<Vec<TeamMember>>;
    /// These places with everybody assigned to them at `at`, in the order given;
    /// places that do not exist are left out. For the machinery.
    async fn list_staff(
        &self,
        nodes: &[OrgNodeId],
        at: Timestamp,
    ) -> StorageResult<Vec<PlaceStaff>>;
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
    /// Puts somebody else in an assignment's place: the old one ends as the new
    /// one begins. What the predecessor wrote stays theirs.
    /// `Missing("assignment")`, and as [`Self::create_assignment`].
    async fn replace_assignment(
        &self,
        id: &AssignmentId,
        successor: &NewAssignment,
    ) -> StorageResult<()>;
    /// An assignment by id.
    async fn find_assignment(&self, id: &AssignmentId) -> StorageResult<Option<Assignment>>;
    /// A person's assignments, past ones too, newest first.
    async fn list_assignments(&self, person: &PersonId) -> StorageResult<Vec<Assignment>>;
}
