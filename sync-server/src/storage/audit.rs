//! What people and devices did that is not a change of a record.

use async_trait::async_trait;
use wangge_model::{AuditId, DeviceId, PersonId, Timestamp};

use super::StorageResult;

/// One act.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AuditEntry {
    /// Id of the row.
    pub id: AuditId,
    /// When.
    pub at: Timestamp,
    /// Who, if a person.
    pub person: Option<PersonId>,
    /// With which phone, if one.
    pub device: Option<DeviceId>,
    /// What, e.g. `device_enrolled`.
    pub action: String,
    /// On what, an id in text form, or empty.
    pub target: String,
    /// More; never a resident's data.
    pub detail: String,
}

/// The list of acts.
#[async_trait]
pub trait AuditStorage {
    /// Adds an act.
    async fn create_audit(&self, entry: &AuditEntry) -> StorageResult<()>;
    /// The latest acts, newest first.
    async fn list_audit(&self, limit: u32) -> StorageResult<Vec<AuditEntry>>;
}
