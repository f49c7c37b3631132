//! Between column values and model types.

use rusqlite::types::FromSqlError;
use wangge_model::{
    ActorId, ChangeHash, GridId, Incarnation, InvalidId, RecordId, RecordKind, ServerEpoch,
};

use super::StoreError;

/// A number of the model as SQLite's signed one; saturates, far beyond any
/// count that occurs.
pub(super) fn signed(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

/// A count that SQLite holds; negative ones do not occur.
pub(super) fn unsigned(number: i64) -> u64 {
    u64::try_from(number).unwrap_or(0)
}

/// A length as SQLite's number.
pub(super) fn length(bytes: usize) -> i64 {
    i64::try_from(bytes).unwrap_or(i64::MAX)
}

/// A small count as the model's number.
pub(super) fn count(number: i64) -> u32 {
    u32::try_from(number).unwrap_or(u32::MAX)
}

fn invalid(error: InvalidId) -> rusqlite::Error {
    FromSqlError::Other(Box::new(error)).into()
}

pub(super) fn record_id(bytes: &[u8]) -> rusqlite::Result<RecordId> {
    RecordId::from_slice(bytes).map_err(invalid)
}

pub(super) fn grid_id(bytes: &[u8]) -> rusqlite::Result<GridId> {
    GridId::from_slice(bytes).map_err(invalid)
}

pub(super) fn incarnation(bytes: &[u8]) -> rusqlite::Result<Incarnation> {
    Incarnation::from_slice(bytes).map_err(invalid)
}

pub(super) fn server_epoch(bytes: &[u8]) -> rusqlite::Result<ServerEpoch> {
    ServerEpoch::from_slice(bytes).map_err(invalid)
}

pub(super) fn change_hash(bytes: &[u8]) -> rusqlite::Result<ChangeHash> {
    ChangeHash::from_slice(bytes).map_err(invalid)
}

pub(super) fn actor_id(bytes: &[u8]) -> rusqlite::Result<ActorId> {
    ActorId::from_slice(bytes).ok_or_else(|| invalid(InvalidId("actor".to_owned())))
}

pub(super) fn record_kind(number: i64) -> rusqlite::Result<RecordKind> {
    u8::try_from(number)
        .ok()
        .and_then(RecordKind::from_number)
        .ok_or(rusqlite::Error::IntegralValueOutOfRange(0, number))
}

/// Hashes one after another.
pub(super) fn join_hashes(hashes: &[ChangeHash]) -> Vec<u8> {
    hashes.iter().flat_map(|hash| *hash.as_bytes()).collect()
}

/// The hashes in a blob of [`join_hashes`].
pub(super) fn split_hashes(bytes: &[u8]) -> rusqlite::Result<Vec<ChangeHash>> {
    bytes.chunks(32).map(change_hash).collect()
}

/// A message this store wrote itself; anything else is damage.
pub(super) fn decode<'b, T: minicbor::Decode<'b, ()>>(bytes: &'b [u8]) -> Result<T, StoreError> {
    wangge_model::protocol::from_cbor(bytes).map_err(|error| StoreError::Corrupt(error.to_string()))
}
