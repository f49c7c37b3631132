//! The server as a phone's store sees it: judges pushes, and answers with
//! receipts, feed pages and snapshots of one grid.
//!
//! Keeps to the protocol; what a bad server does is tried elsewhere.

use std::collections::BTreeMap;

use anyhow::Context as _;
use wangge_core::{
    store::Store,
    sync::{Answer, Applied, Push, SyncStore as _},
};
use wangge_model::{
    ActorId, DeviceId, GridId, PersonId, RecordId, RecordKind, ServerEpoch, Timestamp,
    derive_device_actor,
    document::{FieldEdit, RecordDocument},
    guard::{self, GuardError, Writer},
    protocol::{
        Directive, EnrolResponse, FeedEntry, FeedPage, Frame, Grants, GridGrant, Manifest,
        PushItem, Receipt, Session, SignedManifest, SigningKey as _, SnapshotEntry, SnapshotPage,
        SoftwareKey, Verdict, items_digest,
    },
    testing::SeededEntropy,
};

use super::{START, device_key};
use crate::workload::Workload;

/// Text that this server refuses wherever it stands.
pub const REFUSED: &str = "拒收";

const DEVICE: DeviceId = DeviceId::from_bytes([0xd1; 16]);
const OTHERS: ActorId = ActorId::from_bytes([0xa2; 16]);
const PERSON: PersonId = PersonId::from_bytes([0x9e; 16]);
const EPOCH: ServerEpoch = ServerEpoch::from_bytes([0xe1; 16]);

/// One grid at the server.
#[derive(Debug)]
pub struct Office {
    records: BTreeMap<RecordId, RecordDocument>,
    feed: Vec<(bool, Frame)>,
    others: Workload,
}

impl Office {
    /// A server whose other workers write what `seed` says.
    pub fn new(seed: u64) -> Self {
        Self {
            records: BTreeMap::new(),
            feed: Vec::new(),
            others: Workload::new(seed, START),
        }
    }

    /// The grid.
    pub const fn grid() -> GridId {
        GridId::from_bytes([0x61; 16])
    }

    /// The person's grids; `and_another` grants a second, empty one.
    pub fn grants(version: u64, and_another: bool) -> Grants {
        let grant = |grid, name: &str| GridGrant {
            grid,
            code: "3701020020000800101".to_owned(),
            name: name.to_owned(),
            place: "千佛山街道".to_owned(),
            role: "grid_worker".to_owned(),
        };
        let mut grids = vec![grant(Self::grid(), "第一网格")];
        if and_another {
            grids.push(grant(GridId::from_bytes([0x62; 16]), "第二网格"));
        }
        Grants {
            lines: None,
            version,
            person: PERSON,
            person_name: "王小明".to_owned(),
            grids,
        }
    }

    /// Makes the phone known.
    pub fn enrol(store: &Store) -> anyhow::Result<()> {
        let response = EnrolResponse {
            device: DEVICE,
            person: PERSON,
            person_name: "王小明".to_owned(),
            server_epoch: EPOCH,
            server_key: SoftwareKey::make(&SeededEntropy::new(2)).public_key()?,
            time: START,
            session: Session {
                token: "none".to_owned(),
                expires_at: START,
            },
            grants: Self::grants(1, false),
        };
        Ok(store.store_enrolment("http://127.0.0.1:1", None, &response)?)
    }

    /// Other workers enter records.
    pub fn enter(&mut self, count: usize) -> anyhow::Result<()> {
        for _ in 0..count {
            let made = self.others.next_authored(OTHERS)?;
            let item = made.push_item(Self::grid());
            self.feed.push((false, frame(&item)));
            self.records.insert(made.id, made.document);
        }
        Ok(())
    }

    /// Another worker edits a record.
    pub fn edit(&mut self, record: RecordId, edits: &[FieldEdit]) -> anyhow::Result<()> {
        let document = self.records.get_mut(&record).context("no such record")?;
        let at = START.plus_millis(i64::try_from(self.feed.len())?);
        if let Some(change) = document.edit(edits, OTHERS, at)? {
            let item = PushItem {
                record,
                record_epoch: 0,
                kind: document.kind(),
                grid: Self::grid(),
                hash: change.hash,
                change: change.bytes,
            };
            self.feed.push((false, frame(&item)));
        }
        Ok(())
    }

    /// Every household the server has.
    pub fn household_ids(&self) -> Vec<RecordId> {
        self.records
            .iter()
            .filter(|(_, document)| document.kind() == RecordKind::Household)
            .map(|(id, _)| *id)
            .collect()
    }

    /// Signs the push as the phone does; it is to be stored before it is sent.
    pub fn sign(push: &Push) -> anyhow::Result<SignedManifest> {
        if let Some(signed) = &push.signed {
            return Ok(signed.clone());
        }
        let manifest = Manifest {
            device: DEVICE,
            incarnation: push.incarnation,
            server_epoch: EPOCH,
            counter: push.counter,
            count: u32::try_from(push.items.len())?,
            items_digest: items_digest(&push.items).to_vec(),
            blobs: Vec::new(),
        };
        Ok(SignedManifest::sign(&manifest, &device_key())?)
    }

    /// Judges a push.
    pub fn receive(&mut self, push: &Push, signed: &SignedManifest) -> Receipt {
        let actor = derive_device_actor(&DEVICE, &push.incarnation);
        let verdicts: Vec<Verdict> = push
            .items
            .iter()
            .map(|item| self.judge(actor, item))
            .collect();
        Receipt {
            counter: push.counter,
            manifest_digest: signed.digest().to_vec(),
            verdicts: Receipt::runs(verdicts),
        }
    }

    fn judge(&mut self, actor: ActorId, item: &PushItem) -> Verdict {
        let refused = |error: &GuardError| Verdict::Quarantined {
            code: error.code().to_owned(),
            detail: error.detail(),
        };
        let change = match guard::inspect(&item.hash, &item.change) {
            Ok(change) => change,
            Err(error) => return refused(&error),
        };
        let document = self
            .records
            .get(&item.record)
            .cloned()
            .unwrap_or_else(|| RecordDocument::new(item.kind));
        if document.has_change(&item.hash) {
            return Verdict::Duplicate;
        }
        match document.admit(&change, Writer::Device(actor)) {
            Err(GuardError::MissingDeps(hashes)) => Verdict::MissingDeps { hashes },
            Err(GuardError::ActorFork(_)) => Verdict::ActorFork,
            Err(error) => refused(&error),
            Ok(admitted) => {
                let mut values = admitted.fields().into_iter();
                if values.any(|(_, value)| value.as_text() == Some(REFUSED)) {
                    return Verdict::Quarantined {
                        code: "field".to_owned(),
                        detail: "notes refused".to_owned(),
                    };
                }
                self.records.insert(item.record, admitted);
                self.feed.push((true, frame(item)));
                Verdict::Accepted {
                    first_seq: self.feed.len() as u64,
                }
            }
        }
    }

    /// The next feed entries after the phone's cursor; none while it fetches
    /// the snapshot.
    pub fn page(&self, store: &Store, most: usize) -> anyhow::Result<Vec<FeedPage>> {
        let cursors = store.position()?.cursors;
        let ours = cursors.iter().filter(|cursor| cursor.grid == Self::grid());
        ours.map(|cursor| {
            let news: Vec<&(bool, Frame)> = self
                .feed
                .iter()
                .skip(usize::try_from(cursor.seq)?)
                .take(most)
                .collect();
            let to = cursor.seq + news.len() as u64;
            let entries = news.into_iter().map(|(is_yours, frame)| {
                if *is_yours {
                    FeedEntry::Yours {
                        record: frame.record,
                        hash: frame.hash,
                    }
                } else {
                    FeedEntry::Change {
                        frame: frame.clone(),
                    }
                }
            });
            Ok(FeedPage {
                grid: cursor.grid,
                after: cursor.seq,
                to,
                entries: entries.collect(),
                more: to < self.feed.len() as u64,
                digest: None,
                signature: None,
            })
        })
        .collect()
    }

    /// The next page of the grid's snapshot; `None` if the phone has it all.
    pub fn snapshot(&self, store: &Store, most: usize) -> anyhow::Result<Option<SnapshotPage>> {
        let fetches = store.position()?.bootstraps;
        let Some(fetch) = fetches.iter().find(|fetch| fetch.grid == Self::grid()) else {
            return Ok(None);
        };
        let mut entries: Vec<SnapshotEntry> = self
            .records
            .iter()
            .filter(|(id, _)| fetch.after.is_none_or(|after| **id > after))
            .take(most + 1)
            .map(|(id, document)| SnapshotEntry {
                moves: None,
                record: *id,
                record_epoch: 0,
                kind: document.kind(),
                heads: document.heads(),
                document: document.save(),
                summary: document.summary(),
            })
            .collect();
        let has_more = entries.len() > most;
        entries.truncate(most);
        let last = entries.last().map(|entry| entry.record);
        Ok(Some(SnapshotPage {
            signature: None,
            grid: fetch.grid,
            as_of: self.feed.len() as u64,
            next_after: last.filter(|_| has_more),
            entries,
            total: self.records.len() as u64,
        }))
    }

    /// Hands an answer to the phone.
    pub fn answer(
        store: &Store,
        receipt: Option<&Receipt>,
        pages: &[FeedPage],
        grants: Option<&Grants>,
        directives: &[Directive],
    ) -> Result<Applied, wangge_core::StoreError> {
        store.apply_answer(&Answer {
            server_epoch: EPOCH,
            time: Timestamp::from_millis(START.as_millis()),
            receipt,
            pages,
            grants,
            directives,
            decisions: &[],
            reference: None,
            roster: None,
            roll_outcomes: &[],
        })
    }
}

fn frame(item: &PushItem) -> Frame {
    Frame {
        record: item.record,
        record_epoch: item.record_epoch,
        kind: item.kind,
        hash: item.hash,
        change: item.change.clone(),
    }
}
