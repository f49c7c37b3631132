//! Reference sets with their history: what the server authors and phones hold
//! whole.

use std::fmt;

use async_trait::async_trait;
use wangge_model::{
    GridId, OrgNodeId, PersonId, ReferenceVersion, Timestamp, protocol::ReferenceStamp,
};

use super::StorageResult;

/// A new content of a set; the caller has checked it
/// ([`wangge_model::reference::check`]).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewReference {
    /// Which set.
    pub name: String,
    /// The place it is about.
    pub node: OrgNodeId,
    /// The content; `None` withdraws the set.
    pub body: Option<Vec<u8>>,
    /// Who gives it; `None` at the server's own command line.
    pub person: Option<PersonId>,
    /// When.
    pub at: Timestamp,
}

/// One content a set has or had.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReferenceEdition {
    /// Which set.
    pub name: String,
    /// The place it is about.
    pub node: OrgNodeId,
    /// That place's name.
    pub node_name: String,
    /// Its number among the editions of this set, from 1.
    pub number: u32,
    /// The version phones know it by.
    pub version: ReferenceVersion,
    /// The content; `None` if it is withdrawn.
    pub body: Option<Vec<u8>>,
    /// Whether it is the latest.
    pub is_current: bool,
    /// Name of who gave it; empty at the command line.
    pub person_name: String,
    /// When.
    pub at: Timestamp,
}

impl ReferenceEdition {
    /// What its content says; `None` if it is withdrawn, and if it is
    /// unreadable, which the log tells: it was checked when it was published,
    /// but perhaps by a later build, which knows better.
    pub fn read<T, E: fmt::Display>(&self, read: impl FnOnce(&[u8]) -> Result<T, E>) -> Option<T> {
        read(self.body.as_deref()?)
            .inspect_err(|error| {
                tracing::warn!(%error, set = %self.name, place = %self.node, "a reference set is unreadable");
            })
            .ok()
    }
}

/// Reference sets.
#[async_trait]
pub trait ReferenceStorage {
    /// Makes these the current contents of their sets, all or none, each as a
    /// new edition; a content a set has already changes nothing. Answers how
    /// many sets changed. `Missing("org_node")`.
    async fn publish_references(&self, new: &[NewReference]) -> StorageResult<u64>;
    /// The current edition of a set, withdrawn or not.
    async fn find_reference(
        &self,
        name: &str,
        node: &OrgNodeId,
    ) -> StorageResult<Option<ReferenceEdition>>;
    /// The set of this name that holds at a place: its own, or that of the
    /// nearest place above that has one.
    async fn find_reference_above(
        &self,
        name: &str,
        node: &OrgNodeId,
    ) -> StorageResult<Option<ReferenceEdition>>;
    /// The sets whose names begin so that hold at a place, all of them: its own
    /// last, those of the places above it from the widest down.
    async fn list_references_above(
        &self,
        prefix: &str,
        node: &OrgNodeId,
    ) -> StorageResult<Vec<ReferenceEdition>>;
    /// Every set that is not withdrawn, by name and place, without content.
    async fn list_references(&self) -> StorageResult<Vec<ReferenceEdition>>;
    /// The editions of a set, latest first, without content.
    async fn list_reference_editions(
        &self,
        name: &str,
        node: &OrgNodeId,
    ) -> StorageResult<Vec<ReferenceEdition>>;
    /// The content of one edition.
    async fn find_reference_edition(
        &self,
        name: &str,
        node: &OrgNodeId,
        number: u32,
    ) -> StorageResult<Option<ReferenceEdition>>;
    /// What a phone with these grids is to hold: the sets of the grids and of
    /// the places above them, by name and node.
    async fn list_reference_stamps(&self, grids: &[GridId]) -> StorageResult<Vec<ReferenceStamp>>;
    /// The contents of these sets, as long as they do not exceed `max_bytes`
    /// together; the first one in any case.
    async fn load_references(
        &self,
        stamps: &[ReferenceStamp],
        max_bytes: usize,
    ) -> StorageResult<Vec<(ReferenceStamp, Vec<u8>)>>;
}
