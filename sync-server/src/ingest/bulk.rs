//! Many new households at once, authored by the server's own actor with a
//! person as author: what a ledger import and the generator of test districts
//! hand in.
//!
//! Owns authoring in parallel and committing in order, through the same commit
//! as a push: feed numbers, digests, authorship, list rows. No document is
//! opened (docs/adr/0023). Does not own where the fields come from, nor whether
//! the person may write to the grids.

use std::sync::Arc;

use futures_util::{Stream, TryStreamExt as _};
use wangge_model::{
    ActorId, Clock, GridId, PersonId, RecordId, RecordKind, Timestamp,
    document::{AuthoredRecord, EditError, FieldEdit},
    protocol::limits,
};

use crate::storage::{
    ChangeBy, Commit, CommitHooks, CommitOutcome, NewChange, RecordWork, Storage, StorageError,
    StorageResult, StoredRecord,
};

/// Households of one commit: few enough that a phone's push beside it waits for
/// a tenth of a second at most, many enough that syncing the disk does not
/// count.
pub const BATCH: usize = 500;

/// Batches authored at the same time, and commits that wait for the writer.
const AHEAD: usize = 2;

/// A household to be created.
#[derive(Debug, Clone, PartialEq)]
pub struct NewHousehold {
    /// Its id.
    pub id: RecordId,
    /// Where it belongs.
    pub grid: GridId,
    /// When it was entered.
    pub at: Timestamp,
    /// Its fields, in stored form (see `FieldSpec::normalise`).
    pub fields: Vec<FieldEdit>,
}

/// Why a batch was not written; the batches before it are.
#[derive(Debug, thiserror::Error)]
pub enum BulkError {
    /// A household has a field that may not be written, or none at all.
    #[error("household {record} cannot be written: {reason}")]
    Household {
        /// Which.
        record: RecordId,
        /// Why.
        reason: String,
    },
    /// Storage failed.
    #[error(transparent)]
    Storage(#[from] StorageError),
}

/// What is common to all batches.
#[derive(Debug, Clone)]
pub struct BulkWriter {
    /// Where they go.
    pub storage: Arc<dyn Storage>,
    /// The server's own actor.
    pub actor: ActorId,
    /// Who hands them in.
    pub person: PersonId,
    /// Server time.
    pub clock: Arc<dyn Clock>,
}

impl BulkWriter {
    /// Writes every batch, in order, up to the first that cannot be read or
    /// written; each is durable when `written` is told of it. Holds a few
    /// batches in memory, however many there are.
    pub async fn write_all(
        &self,
        batches: impl Stream<Item = Result<Vec<NewHousehold>, BulkError>>,
        mut written: impl FnMut(&CommitOutcome),
    ) -> Result<(), BulkError> {
        let actor = self.actor;
        let authored = batches
            .map_ok(move |batch| async move {
                tokio::task::spawn_blocking(move || author_all(&batch, actor))
                    .await
                    .unwrap_or_else(|error| Err(StorageError::Database(error.to_string()).into()))
            })
            .try_buffered(AHEAD);
        let committed = authored
            .map_ok(|works| self.commit(works))
            .try_buffered(AHEAD);
        let mut committed = std::pin::pin!(committed);
        while let Some(outcome) = committed.try_next().await? {
            written(&outcome);
        }
        Ok(())
    }

    async fn commit(&self, works: Vec<RecordWork>) -> Result<CommitOutcome, BulkError> {
        let commit = Commit {
            at: self.clock.now(),
            person: self.person,
            manifest: None,
            works,
            quarantine: Vec::new(),
            hooks: Arc::new(NewOnly),
        };
        Ok(self.storage.commit(commit).await?)
    }
}

fn author_all(batch: &[NewHousehold], actor: ActorId) -> Result<Vec<RecordWork>, BulkError> {
    batch
        .iter()
        .zip(0_u32..)
        .map(|(household, item)| author(household, item, actor))
        .collect()
}

/// What is to be written of one new household; `item` is its place in the
/// commit.
pub(crate) fn author(
    household: &NewHousehold,
    item: u32,
    actor: ActorId,
) -> Result<RecordWork, BulkError> {
    let refuse = |reason: String| BulkError::Household {
        record: household.id,
        reason,
    };
    let kind = RecordKind::Household;
    let authored = AuthoredRecord::write(kind, &household.fields, actor, household.at)
        .map_err(|error: EditError| refuse(error.to_string()))?
        .ok_or_else(|| refuse("it has no fields".to_owned()))?;
    if authored.op_count > limits::CHANGE_OPS
        || authored.change.bytes.len() > limits::CHANGE_BYTES
        || authored.saved.len() > limits::RECORD_BYTES
    {
        return Err(refuse("it is too large".to_owned()));
    }
    Ok(RecordWork {
        id: household.id,
        kind,
        grid: household.grid,
        record_epoch: 0,
        base_version: 0,
        base_heads: Vec::new(),
        saved: authored.saved,
        heads: authored.heads,
        summary: authored.summary,
        changes: vec![NewChange::written(
            item,
            authored.change,
            actor,
            ChangeBy::Sender,
        )],
        quarantine: Vec::new(),
        numbering: None,
    })
}

/// Nothing to compute on the way: every record is new.
#[derive(Debug)]
struct NewOnly;

impl CommitHooks for NewOnly {
    fn rework(&self, _work: &RecordWork, _stored: &StoredRecord) -> StorageResult<RecordWork> {
        Err(StorageError::Taken("record"))
    }
}

#[cfg(test)]
mod tests {
    use futures_util::stream;
    use wangge_model::{FieldPath, FieldValue, OrgNodeId, document::RecordDocument};

    use super::*;
    use crate::{
        storage::{
            RecordFilter, Role,
            sqlite::{Verified, verify},
        },
        testing::TestServer,
    };

    fn household(server: &TestServer, grid: GridId, room: usize) -> NewHousehold {
        let set = |path: &str, text: String| {
            FieldEdit::set(FieldPath::new(path).unwrap(), FieldValue::Text(text))
        };
        NewHousehold {
            id: RecordId::make(server.clock.as_ref(), server.entropy.as_ref()),
            grid,
            at: server.clock.now(),
            fields: vec![
                set("address.estate", "阳光花园".to_owned()),
                set("address.room", format!("{room}室")),
                set("members.a.name", "王小明".to_owned()),
                set("ledger", "consistent".to_owned()),
            ],
        }
    }

    fn writer(server: &TestServer, person: PersonId) -> BulkWriter {
        BulkWriter {
            storage: Arc::clone(&server.state.storage),
            actor: server.state.identity.actor,
            person,
            clock: Arc::clone(&server.clock) as Arc<dyn Clock>,
        }
    }

    #[tokio::test]
    async fn every_household_has_its_place_author_and_list_row_and_the_data_is_sound() {
        let server = TestServer::start(1).await;
        let person = server
            .add_person("孙督导", server.street, Role::Supervisor)
            .await;
        let all: Vec<NewHousehold> = (0..1_234)
            .map(|room| household(&server, server.grids[room % 2], room))
            .collect();
        let batches: Vec<_> = all.chunks(BATCH).map(|batch| Ok(batch.to_vec())).collect();
        let mut told = 0;
        writer(&server, person)
            .write_all(stream::iter(batches), |outcome| told += outcome.works.len())
            .await
            .unwrap();
        assert_eq!(told, 1_234);

        let storage = &server.state.storage;
        let heads = storage.list_feed_heads(&server.grids).await.unwrap();
        for (grid, head) in server.grids.iter().zip(&heads) {
            assert_eq!(head.head_seq, 617);
            assert_eq!(head.digest, storage.compute_digest(grid).await.unwrap());
        }
        let page = storage
            .list_records(
                &person,
                server.clock.now(),
                &RecordFilter {
                    text: "1233室".to_owned(),
                    limit: 10,
                    ..RecordFilter::default()
                },
            )
            .await
            .unwrap();
        assert_eq!(page.total, 1);
        assert_eq!(page.records[0].id, all[1_233].id);
        assert_eq!(page.records[0].summary.title, "阳光花园1233室");
        let stored = storage.find_record(&all[7].id).await.unwrap().unwrap();
        let document =
            RecordDocument::load(RecordKind::Household, Some(&stored.document), []).unwrap();
        assert_eq!(document.text("address.room").unwrap(), "7室");
        let authors = storage.list_authorship(&all[7].id).await.unwrap();
        assert_eq!(authors.len(), 1);
        assert_eq!(authors[0].person, Some(person));

        let mut findings = Vec::new();
        let database = server.folder().join("wangge.sqlite");
        let seen = verify(&database, &mut |finding| findings.push(finding)).unwrap();
        assert_eq!(findings, []);
        assert_eq!(
            seen,
            Verified {
                records: 1_234,
                changes: 1_234,
                feeds: 2
            }
        );
    }

    #[tokio::test]
    async fn a_household_that_cannot_be_written_stops_the_batches_after_it_only() {
        let server = TestServer::start(2).await;
        let person = server
            .add_person("孙督导", server.street, Role::Supervisor)
            .await;
        let good = household(&server, server.grids[0], 1);
        let mut bad = household(&server, server.grids[0], 2);
        bad.fields.clear();
        let nowhere = household(&server, GridId::from(OrgNodeId::from_bytes([9; 16])), 3);
        let again = good.clone();
        for wrong in [bad, nowhere, again] {
            let batches = stream::iter([Ok(vec![wrong])]);
            let first = stream::iter([Ok(vec![good.clone()])]);
            let writer = writer(&server, person);
            // The first time it is new, afterwards it is there.
            let _ = writer.write_all(first, |_| ()).await;
            writer.write_all(batches, |_| ()).await.unwrap_err();
            let count = server.state.storage.count_records(&server.grids[0]).await;
            assert_eq!(count.unwrap(), 1);
        }
    }
}
