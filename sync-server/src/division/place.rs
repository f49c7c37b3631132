//! Where the records of a grid are, read from their documents.

use wangge_model::{
    GridId, RecordKind,
    case::CaseState,
    document::RecordDocument,
    redivision::{AddressKey, RecordPlace},
};

use crate::storage::{SnapshotRow, Storage, StorageError, StorageResult};

/// Records read at once.
const PAGE: u32 = 500;
/// Documents read at once, in bytes.
const PAGE_BYTES: usize = 16 << 20;

/// A record's place with what counts towards its grid's size.
#[derive(Debug, Clone, PartialEq)]
pub struct Placed {
    /// Its place.
    pub place: RecordPlace,
    /// Members who have not left, of a household.
    pub people: u32,
}

/// The places of all records of these grids.
pub async fn load_places(storage: &dyn Storage, grids: &[GridId]) -> StorageResult<Vec<Placed>> {
    let mut placed = Vec::new();
    for grid in grids {
        let mut after = None;
        loop {
            let page = storage
                .list_snapshot(grid, after.as_ref(), PAGE, PAGE_BYTES)
                .await?;
            let Some(last) = page.last() else {
                break;
            };
            after = Some(last.record.id);
            let read = tokio::task::spawn_blocking(move || {
                page.iter().map(read).collect::<StorageResult<Vec<_>>>()
            });
            placed.extend(
                read.await
                    .map_err(|error| StorageError::Database(error.to_string()))??,
            );
        }
    }
    Ok(placed)
}

fn read(row: &SnapshotRow) -> StorageResult<Placed> {
    let record = &row.record;
    let document = RecordDocument::load(record.kind, Some(&record.document), [])
        .map_err(|_| StorageError::Corrupt("document"))?;
    let fields = document.read();
    let point = fields.point();
    let address = match record.kind {
        RecordKind::Household | RecordKind::Place => AddressKey {
            estate: fields.text("address.estate"),
            building: fields.text("address.building"),
            unit: fields.text("address.unit"),
        },
        RecordKind::Visit | RecordKind::Incident => AddressKey::default(),
    };
    Ok(Placed {
        place: RecordPlace {
            id: record.id,
            kind: record.kind,
            from: record.grid,
            title: row.summary.title.clone(),
            point: point.map(|point| point.longitude_latitude()),
            accuracy_m: point.and_then(|point| point.accuracy_m),
            address,
            belongs_to: row.summary.household.or(row.summary.place),
            is_open: record.kind == RecordKind::Incident
                && !CaseState::parse(&row.summary.state).is_some_and(CaseState::is_over),
        },
        people: row.summary.member_count,
    })
}
