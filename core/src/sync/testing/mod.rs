//! Doubles of both ends for sync's own tests: a store in memory whose changes
//! are opaque bytes, and a server that keeps the protocol's promises. Neither
//! knows documents; `wangge-tests` puts the real ones together.

mod fake_server;
mod memory_store;

use std::{collections::BTreeMap, sync::Arc};

use sha2::{Digest as _, Sha256};
use wangge_model::{
    ChangeHash, DeviceId, GridId, PersonId, RecordId, ServerEpoch, Timestamp,
    protocol::{Digest, EnrolRequest, SigningKey, SoftwareKey, enrol_message, record_fingerprint},
    testing::SeededEntropy,
};

use super::SyncStore;
pub(super) use fake_server::{FakeServer, refusal};
pub(super) use memory_store::{ItemState, MemoryStore};

pub(super) const NOW: Timestamp = Timestamp::from_millis(1_767_225_600_000);
pub(super) const DEVICE: DeviceId = DeviceId::from_bytes([0xd1; 16]);
const PERSON: PersonId = PersonId::from_bytes([0x9e; 16]);

pub(super) fn grid(number: u8) -> GridId {
    GridId::from_bytes([number; 16])
}

pub(super) fn record(number: u8) -> RecordId {
    RecordId::from_bytes([number; 16])
}

fn hash_of(bytes: &[u8]) -> ChangeHash {
    ChangeHash::from_bytes(Sha256::digest(bytes).into())
}

fn epoch(number: u8) -> ServerEpoch {
    ServerEpoch::from_bytes([number; 16])
}

type Changes = BTreeMap<ChangeHash, Vec<u8>>;

/// Of opaque changes every one counts as a head.
fn digest_of<'a>(records: impl IntoIterator<Item = (&'a RecordId, &'a Changes)>) -> Digest {
    records
        .into_iter()
        .fold(Digest::default(), |sum, (record, changes)| {
            let heads: Vec<ChangeHash> = changes.keys().copied().collect();
            sum.plus(record_fingerprint(record, 0, &heads))
        })
}

/// A phone and a server that know each other; the grids' snapshots are still
/// to be fetched.
pub(super) fn enrolled(server: &mut FakeServer) -> (Arc<MemoryStore>, Arc<SoftwareKey>) {
    let key = Arc::new(SoftwareKey::make(&SeededEntropy::new(1)));
    let store = Arc::new(MemoryStore::new());
    let public_key = key.public_key().unwrap();
    let incarnation = store.incarnation().unwrap();
    let code = "K7QM-2XPA".to_owned();
    let signature = key
        .sign(&enrol_message(&code, &public_key, &incarnation))
        .unwrap();
    let response = server
        .enrol(&EnrolRequest {
            protocol: 1,
            code,
            public_key,
            incarnation,
            device_name: "test".to_owned(),
            app_version: "0.1.0".to_owned(),
            signature,
        })
        .unwrap();
    store
        .store_enrolment("http://127.0.0.1:1", None, &response)
        .unwrap();
    (store, key)
}
