//! A foreign change before the guard, and the record after it. The first byte
//! says what is mended (checksum, length), the kind of record and the writer.

use anyhow::{Context as _, ensure};
use wangge_model::{
    ActorId, ChangeHash, RecordKind, Timestamp,
    document::RecordDocument,
    guard::{Writer, inspect},
};

use super::{Target, split};
use crate::{
    lab::mutate::{mend_chunk, mend_chunk_length},
    workload::Workload,
};

const ACTOR: ActorId = ActorId::from_bytes([7; 16]);

pub(super) struct Guard {
    /// One of each kind without content, and one of each with some.
    records: Vec<RecordDocument>,
    changes: Vec<Vec<u8>>,
}

impl Guard {
    pub(super) fn new() -> anyhow::Result<Self> {
        let mut workload = Workload::new(5, Timestamp::from_millis(1_767_225_600_000));
        let mut records = Vec::new();
        let mut changes = Vec::new();
        for kind in RecordKind::ALL {
            let mut document = RecordDocument::new(kind);
            records.push(document.clone());
            let edits = match kind {
                RecordKind::Household => workload.household()?,
                RecordKind::Visit => workload.visit()?,
                RecordKind::Incident => workload.incident()?,
                RecordKind::Place => workload.place()?,
            };
            // The whole, and a small one on top of half of it.
            let (first, second) = edits.split_at(edits.len() / 2);
            let at = Timestamp::from_millis(1_767_225_600_000);
            for part in [first, second] {
                let change = document.edit(part, ACTOR, at)?.context("no change")?;
                changes.push(change.bytes);
                if part == first {
                    records.push(document.clone());
                }
            }
        }
        Ok(Self { records, changes })
    }
}

impl Target for Guard {
    fn seeds(&mut self) -> anyhow::Result<Vec<Vec<u8>>> {
        let mut seeds = Vec::new();
        for (place, change) in self.changes.iter().enumerate() {
            // Change 2k fits record 2k, change 2k + 1 record 2k + 1.
            for flags in [0_u8, 1, 2, 1 << 6] {
                let place = u8::try_from(place)? << 2;
                seeds.push([&[flags | place], change.as_slice()].concat());
            }
        }
        Ok(seeds)
    }

    fn try_input(&mut self, input: &[u8]) -> anyhow::Result<String> {
        let (flags, rest) = split(input);
        let mut bytes = rest.to_vec();
        let hash = if flags & 1 == 0 {
            mend_chunk(&mut bytes)
        } else {
            mend_chunk_length(&mut bytes)
        };
        let place = usize::from(flags >> 2 & 7) % self.records.len();
        let record = self.records.get(place).context("no record")?;
        let writer = if flags & 1 << 6 == 0 {
            Writer::Device(ACTOR)
        } else {
            Writer::Feed
        };
        let hash = ChangeHash::from_bytes(hash);
        let change = match inspect(&hash, &bytes) {
            Ok(change) => change,
            Err(error) => return Ok(format!("{} {}", error.code(), error.detail())),
        };
        let admitted = match record.admit(&change, writer) {
            Ok(admitted) => admitted,
            Err(error) => return Ok(format!("{} {}", error.code(), error.detail())),
        };
        // What the guard lets in must be a record like any other.
        let saved = admitted.save();
        let loaded = RecordDocument::load(admitted.kind(), Some(&saved), [])
            .context("what was admitted cannot be loaded")?;
        ensure!(
            loaded.heads() == admitted.heads(),
            "other heads after loading"
        );
        ensure!(
            loaded.fields() == admitted.fields() && loaded.summary() == admitted.summary(),
            "other fields after loading"
        );
        ensure!(
            loaded.conflicts() == admitted.conflicts(),
            "other conflicts after loading"
        );
        Ok(format!("admitted {writer:?} {}", change.op_count()))
    }
}
