//! `GET /v1/grids/{grid}/snapshot?as_of=&after=`: a grid's records as they
//! stand, for a phone that starts or starts again.

use minicbor::{Decode, Encode};

use super::Signature;
use crate::{ChangeHash, GridId, RecordId, RecordKind, RecordSummary};

/// Path and query of a snapshot page, for a phone that knows every kind of record
/// this build knows.
pub fn snapshot_path(grid: &GridId, as_of: Option<u64>, after: Option<&RecordId>) -> String {
    let as_of = as_of.map(|as_of| format!("&as_of={as_of}"));
    let after = after.map(|after| format!("&after={after}"));
    format!(
        "/v1/grids/{grid}/snapshot?newest_kind={}{}{}",
        RecordKind::NEWEST,
        as_of.unwrap_or_default(),
        after.unwrap_or_default()
    )
}

/// One page of a grid's records, in the order of their ids.
#[derive(Debug, Clone, PartialEq, Encode, Decode)]
#[cbor(map)]
pub struct SnapshotPage {
    /// The grid.
    #[n(0)]
    pub grid: GridId,
    /// The feed number from which the phone must read on once it has every
    /// page. Records may be newer than this; their later changes then come
    /// again through the feed and change nothing.
    #[n(1)]
    pub as_of: u64,
    /// The records.
    #[n(2)]
    pub entries: Vec<SnapshotEntry>,
    /// Ask again with `after` = this id; absent on the last page.
    #[n(3)]
    pub next_after: Option<RecordId>,
    /// Records in the whole grid, for a progress bar.
    #[n(4)]
    pub total: u64,
    /// The server's signature over [`super::snapshot_page_message`]; servers
    /// before 0.2 gave none.
    #[n(5)]
    pub signature: Option<Signature>,
}

/// One record of a snapshot.
#[derive(Debug, Clone, PartialEq, Encode, Decode)]
pub struct SnapshotEntry {
    /// The record.
    #[n(0)]
    pub record: RecordId,
    /// Its document epoch.
    #[n(1)]
    pub record_epoch: u32,
    /// What kind of record.
    #[n(2)]
    pub kind: RecordKind,
    /// Its heads, sorted.
    #[n(3)]
    pub heads: Vec<ChangeHash>,
    /// The whole document, saved without compression.
    #[cbor(n(4), with = "minicbor::bytes")]
    pub document: Vec<u8>,
    /// Its list row, so that the phone need not open the document to show it.
    #[n(5)]
    pub summary: RecordSummary,
    /// How often it was moved to another grid; absent for never.
    #[n(6)]
    pub moves: Option<u32>,
}
