//! Reading and writing our types as columns.

use rusqlite::{Row, RowIndex, types::FromSql};
use wangge_model::{
    ChangeHash, RecordKind, RecordSummary, Timestamp,
    protocol::{Algorithm, PublicKey, from_cbor},
};

use crate::storage::{StorageError, StorageResult};

/// SQLite's integers are signed; our counters stay far below 2^63.
pub(super) fn integer(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

/// The other way; a negative counter would be damage, and reads as 0.
pub(super) fn count(number: i64) -> u64 {
    u64::try_from(number).unwrap_or(0)
}

/// A 16-byte id column.
pub(super) fn id<T>(
    row: &Row<'_>,
    column: impl RowIndex,
    make: impl FnOnce([u8; 16]) -> T,
) -> rusqlite::Result<T> {
    row.get::<_, [u8; 16]>(column).map(make)
}

/// A 16-byte id column that may be empty.
pub(super) fn optional_id<T>(
    row: &Row<'_>,
    column: impl RowIndex,
    make: impl FnOnce([u8; 16]) -> T,
) -> rusqlite::Result<Option<T>> {
    Ok(row.get::<_, Option<[u8; 16]>>(column)?.map(make))
}

/// A time column.
pub(super) fn time(row: &Row<'_>, column: impl RowIndex) -> rusqlite::Result<Timestamp> {
    row.get(column).map(Timestamp::from_millis)
}

/// A time column that may be empty.
pub(super) fn optional_time(
    row: &Row<'_>,
    column: impl RowIndex,
) -> rusqlite::Result<Option<Timestamp>> {
    Ok(row
        .get::<_, Option<i64>>(column)?
        .map(Timestamp::from_millis))
}

/// A column of a type that has its own words.
pub(super) fn parsed<T: std::str::FromStr>(
    row: &Row<'_>,
    column: usize,
    what: &'static str,
) -> rusqlite::Result<T> {
    row.get::<_, String>(column)?
        .parse()
        .map_err(|_| damaged(column, what))
}

/// A column of a type that has its own words, which may be empty.
pub(super) fn optional_parsed<T: std::str::FromStr>(
    row: &Row<'_>,
    column: usize,
    what: &'static str,
) -> rusqlite::Result<Option<T>> {
    row.get::<_, Option<String>>(column)?
        .map(|text| text.parse().map_err(|_| damaged(column, what)))
        .transpose()
}

/// A record kind column.
pub(super) fn kind(row: &Row<'_>, column: usize) -> rusqlite::Result<RecordKind> {
    RecordKind::from_number(row.get(column)?).ok_or_else(|| damaged(column, "record kind"))
}

/// A hash column.
pub(super) fn hash(row: &Row<'_>, column: impl RowIndex) -> rusqlite::Result<ChangeHash> {
    row.get::<_, [u8; 32]>(column).map(ChangeHash::from_bytes)
}

/// An error for a stored value that is not of its type.
pub(super) fn damaged(column: usize, what: &'static str) -> rusqlite::Error {
    rusqlite::Error::FromSqlConversionFailure(
        column,
        rusqlite::types::Type::Blob,
        Box::new(StorageError::Corrupt(what)),
    )
}

/// Heads as one blob.
pub(super) fn heads_to_blob(heads: &[ChangeHash]) -> Vec<u8> {
    heads.iter().flat_map(|head| *head.as_bytes()).collect()
}

/// A blob as heads.
pub(super) fn heads(row: &Row<'_>, column: usize) -> rusqlite::Result<Vec<ChangeHash>> {
    let blob = row
        .get_ref(column)?
        .as_blob()
        .map_err(|_| damaged(column, "heads"))?;
    blob.chunks(32)
        .map(|chunk| ChangeHash::from_slice(chunk).map_err(|_| damaged(column, "heads")))
        .collect()
}

/// A public key from its two columns.
pub(super) fn public_key(
    row: &Row<'_>,
    algorithm: usize,
    bytes: usize,
) -> rusqlite::Result<PublicKey> {
    Ok(PublicKey {
        algorithm: match row.get::<_, i64>(algorithm)? {
            1 => Algorithm::EcdsaP256Sha256,
            _ => return Err(damaged(algorithm, "algorithm")),
        },
        bytes: row.get(bytes)?,
    })
}

/// The number of an algorithm in the database.
pub(super) fn algorithm_number(algorithm: Algorithm) -> i64 {
    match algorithm {
        Algorithm::EcdsaP256Sha256 => 1,
    }
}

/// The summary's columns, in the order [`summary`] reads them. `record` is the
/// table's name or alias in the query.
pub(super) const SUMMARY_COLUMNS: &str = "record.title, record.person_name, record.phone, \
     record.state, record.category, record.urgency, record.number, record.household, \
     record.occurred_at, record.member_count, record.conflict_count, record.edited_at, \
     record.search_text, record.place, record.residence, record.merged_into, record.source, \
     record.case_summary";

/// Number of columns in [`SUMMARY_COLUMNS`].
pub(super) const SUMMARY_WIDTH: usize = 18;

/// A summary whose columns start at `first`.
pub(super) fn summary(row: &Row<'_>, first: usize) -> rusqlite::Result<RecordSummary> {
    fn get<T: FromSql>(row: &Row<'_>, first: usize, offset: usize) -> rusqlite::Result<T> {
        row.get(first + offset)
    }
    Ok(RecordSummary {
        title: get(row, first, 0)?,
        person_name: get(row, first, 1)?,
        phone: get(row, first, 2)?,
        state: get(row, first, 3)?,
        category: get(row, first, 4)?,
        urgency: get(row, first, 5)?,
        number: get(row, first, 6)?,
        household: optional_id(row, first + 7, wangge_model::RecordId::from_bytes)?,
        occurred_at: optional_time(row, first + 8)?,
        member_count: get(row, first, 9)?,
        conflict_count: get(row, first, 10)?,
        edited_at: time(row, first + 11)?,
        search_text: get(row, first, 12)?,
        place: optional_id(row, first + 13, wangge_model::RecordId::from_bytes)?,
        residence: get(row, first, 14)?,
        merged_into: optional_id(row, first + 15, wangge_model::RecordId::from_bytes)?,
        source: get(row, first, 16)?,
        case: get::<Option<Vec<u8>>>(row, first, 17)?
            .map(|bytes| from_cbor(&bytes).map_err(|_| damaged(first + 17, "case")))
            .transpose()?,
    })
}

/// All rows of a query.
pub(super) fn collect<T>(rows: impl Iterator<Item = rusqlite::Result<T>>) -> StorageResult<Vec<T>> {
    rows.collect::<rusqlite::Result<Vec<T>>>()
        .map_err(StorageError::from)
}
