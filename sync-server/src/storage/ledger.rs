//! What ledger imports remember.

use async_trait::async_trait;
use wangge_model::{GridId, PersonId, RecordId, Timestamp, duplicate::MatchDigest};

use super::{Commit, CommitOutcome, StorageResult};

/// A household of a ledger as it was last imported.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LedgerRow {
    /// Which household of which grid, as the ledger names it.
    pub key: MatchDigest,
    /// The record it became.
    pub record: RecordId,
    /// Keyed hash of all its cells.
    pub digest: MatchDigest,
    /// Which fields it had, with a keyed hash of each value; opaque to storage.
    pub cells: Vec<u8>,
}

/// What the columns of one kind of table mean, as a person said.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LedgerTemplate {
    /// Who said it.
    pub person: PersonId,
    /// What they call it.
    pub name: String,
    /// SHA-256 of all headings.
    pub headings: [u8; 32],
    /// JSON: target by normalised heading.
    pub mapping: String,
    /// When it was last used.
    pub used_at: Timestamp,
}

/// What ledger imports remember.
#[async_trait]
pub trait LedgerStorage {
    /// The remembered households among these, in no order.
    async fn list_ledger_rows(&self, keys: &[MatchDigest]) -> StorageResult<Vec<LedgerRow>>;
    /// The grids these records are in, those that exist, in no order.
    async fn list_homes(&self, ids: &[RecordId]) -> StorageResult<Vec<(RecordId, GridId)>>;
    /// Commits records and what is remembered of their rows in one transaction.
    async fn commit_ledger(
        &self,
        commit: Commit,
        rows: Vec<LedgerRow>,
    ) -> StorageResult<CommitOutcome>;
    /// Remembers a template; of one name the later stands.
    async fn put_ledger_template(&self, template: &LedgerTemplate) -> StorageResult<()>;
    /// A person's templates, the latest used first.
    async fn list_ledger_templates(&self, person: &PersonId) -> StorageResult<Vec<LedgerTemplate>>;
}
