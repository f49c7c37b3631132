//! The public security's table of standard addresses (公安标准地址): households that
//! are in the register get the key of their address and its place, where they
//! have none. Nothing is made, nothing is overwritten, and the table itself is
//! not kept: what records do not need stays where it came from.
//!
//! Columns are recognised as in a ledger. A row's grid is the one it names, or
//! else the one its point lies in.

use std::{
    collections::{BTreeMap, HashMap},
    sync::Arc,
};

use serde::Serialize;
use wangge_model::{
    ActorId, CitizenIdPolicy, FieldPath, FieldValue, GridId, LongitudeLatitude, OrgNodeId,
    RecordId, RecordKind, Timestamp,
    boundary::GridIndex,
    document::{EditError, FieldEdit, Fields, RecordDocument},
    duplicate::{MatchDigest, MatchKind, MatchSecret, match_keys},
};

use super::{
    column::{Columns, ColumnsError, Target},
    import::ImportFailure,
    remark::{Reason, Remark, Remarks},
    scope::{GridNames, Reach},
    sheet::{Row, Sheet},
    value::{CellError, Reading, clean},
};
use crate::{
    auth::Scope,
    ingest::bulk::{BATCH, BulkWriter},
    storage::{
        ChangeBy, Commit, CommitHooks, NewChange, OrgLevel, RecordName, RecordWork, Storage,
        StorageError, StorageResult, StoredRecord,
    },
};

/// What a household gets.
const KEY: &str = "address.standard_key";
const LONGITUDE: &str = "point.longitude";
const LATITUDE: &str = "point.latitude";
/// Records indexed at once before the table is read, so that the register is
/// known.
const INDEXED_AT_ONCE: usize = 2_000;

/// What an import found and did.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct AddressSummary {
    /// Rows of the table with content, headings not counted.
    pub rows: u64,
    /// Households that got their key or their place.
    pub filled: u64,
    /// Households that had both.
    pub known: u64,
    /// Addresses where no household of the register is.
    pub nobody: u64,
    /// Addresses where several households are: nothing is done.
    pub several: u64,
    /// Rows that cannot be used.
    pub errors: u64,
}

/// What the table says of an address: key and point, as far as the row has them,
/// by path.
type Address = BTreeMap<&'static str, FieldValue>;

/// A table of addresses, prepared for a person.
#[derive(Debug)]
pub struct AddressImport {
    sheet: Sheet,
    columns: Columns,
    grids: GridNames,
    index: GridIndex,
    secret: MatchSecret,
    reading: Reading,
    scope: Scope,
}

impl AddressImport {
    /// Prepares a table; its grids are those at or below the person's places.
    pub async fn open(
        sheet: Sheet,
        storage: &dyn Storage,
        scope: Scope,
    ) -> Result<Self, ImportFailure> {
        let columns = Columns::find(&sheet, &BTreeMap::new())?;
        if columns.of(Target::Field(KEY)).is_none() {
            return Err(ColumnsError::NoHouseholds.into());
        }
        let nodes: Vec<OrgNodeId> = storage
            .list_nodes_in_scope(&scope.person, scope.at)
            .await?
            .iter()
            .filter(|node| node.level == OrgLevel::Grid)
            .map(|node| node.id)
            .collect();
        let drawn = storage.list_boundaries(&nodes).await?;
        let drawn = drawn.into_iter().map(|(node, shape)| (node.into(), shape));
        Ok(Self {
            reading: Reading {
                today: scope.at.to_china_date().unwrap_or_default(),
                // No column of a table of addresses is an identity number.
                policy: CitizenIdPolicy::Production,
                is_1904: sheet.is_1904,
            },
            secret: storage.find_match_secret().await?,
            grids: GridNames::load(storage, &scope, Reach::Places).await?,
            index: GridIndex::new(drawn),
            columns,
            sheet,
            scope,
        })
    }

    /// The columns as they were recognised.
    pub fn columns(&self) -> &Columns {
        &self.columns
    }

    /// Reads the table and fills the households, or only says what would be
    /// filled if there is no `writer`.
    pub async fn run(
        &self,
        storage: &dyn Storage,
        writer: Option<&BulkWriter>,
        told: &mut (dyn FnMut(u64) + Send),
    ) -> Result<(AddressSummary, Remarks), ImportFailure> {
        while storage.index_some(INDEXED_AT_ONCE).await? {}
        let mut summary = AddressSummary::default();
        let mut remarks = Remarks::default();
        let places: Vec<usize> = (self.columns.first_row..self.sheet.len()).collect();
        for batch in places.chunks(BATCH) {
            let mut addresses: BTreeMap<MatchDigest, Address> = BTreeMap::new();
            for row in batch.iter().filter_map(|place| self.sheet.row(*place)) {
                summary.rows += 1;
                match self.read(row) {
                    Ok((key, address)) => {
                        addresses.entry(key).or_insert(address);
                    }
                    Err(remark) => {
                        summary.errors += 1;
                        remarks.push(remark);
                    }
                }
            }
            self.fill(storage, writer, addresses, &mut summary).await?;
            told(summary.rows);
        }
        Ok((summary, remarks))
    }

    fn read(&self, row: Row<'_>) -> Result<(MatchDigest, Address), Remark> {
        let mut values = Address::new();
        for path in [KEY, LONGITUDE, LATITUDE] {
            let target = Target::Field(path);
            let Some(column) = self.columns.of(target) else {
                continue;
            };
            let (Some(cell), Some(spec)) = (row.cell(column.place), target.spec()) else {
                continue;
            };
            let value = self.reading.value(cell, spec).map_err(|error| {
                Remark::on_cell(row.number, column, cell.text, Reason::Cell(error))
            })?;
            values.extend(value.map(|value| (path, value)));
        }
        // Half a place is none.
        if !(values.contains_key(LONGITUDE) && values.contains_key(LATITUDE)) {
            values.remove(LONGITUDE);
            values.remove(LATITUDE);
        }
        let refuse = |error: CellError| Remark::on_row(row.number, Reason::Cell(error));
        let grid = self.grid_of(row, &values).map_err(refuse)?;
        let mut fields = Fields::default();
        for column in &self.columns.columns {
            let path = column.target.to_string();
            let written = path.starts_with("address.") && path != KEY;
            if let Some(cell) = row.cell(column.place).filter(|_| written)
                && let Ok(path) = FieldPath::new(path)
            {
                fields.set(path, Some(FieldValue::text(clean(cell.text))));
            }
        }
        let key = match_keys(RecordKind::Household, &fields)
            .into_iter()
            .find(|key| key.kind == MatchKind::Address)
            .map(|key| self.secret.digest_in(&grid, &key))
            .filter(|_| !values.is_empty())
            .ok_or_else(|| refuse(CellError::NoHousehold))?;
        Ok((key, values))
    }

    fn grid_of(&self, row: Row<'_>, values: &Address) -> Result<GridId, CellError> {
        let named = self
            .columns
            .of(Target::Grid)
            .and_then(|column| row.cell(column.place));
        if let Some(cell) = named {
            return self.grids.find(clean(cell.text));
        }
        let number = |path: &str| values.get(path).and_then(FieldValue::as_number);
        let (Some(longitude), Some(latitude)) = (number(LONGITUDE), number(LATITUDE)) else {
            return Err(CellError::NoGrid);
        };
        self.index
            .locate(LongitudeLatitude::new(longitude, latitude))
            .filter(|grid| self.grids.contains(grid))
            .ok_or(CellError::UnknownGrid)
    }

    /// Fills the households of some addresses in one commit.
    async fn fill(
        &self,
        storage: &dyn Storage,
        writer: Option<&BulkWriter>,
        addresses: BTreeMap<MatchDigest, Address>,
        summary: &mut AddressSummary,
    ) -> StorageResult<()> {
        let keys: Vec<MatchDigest> = addresses.keys().copied().collect();
        let mut matches: HashMap<MatchDigest, Vec<RecordId>> = HashMap::new();
        for (key, record) in storage.list_matches(&keys).await? {
            matches.entry(key).or_default().push(record);
        }
        let found: Vec<RecordId> = matches.values().flatten().copied().collect();
        let names: HashMap<RecordId, RecordName> = storage
            .list_names_in_scope(&found, &self.scope.person, self.scope.at)
            .await?
            .into_iter()
            .collect();
        let mut wanted: BTreeMap<RecordId, Address> = BTreeMap::new();
        for (key, address) in addresses {
            let here: Vec<RecordId> = matches
                .remove(&key)
                .unwrap_or_default()
                .into_iter()
                .filter(|record| {
                    names
                        .get(record)
                        .is_some_and(|name| name.kind == RecordKind::Household)
                })
                .collect();
            match here.as_slice() {
                [] => summary.nobody += 1,
                [record] => drop(wanted.insert(*record, address)),
                _ => summary.several += 1,
            }
        }
        let ids: Vec<RecordId> = wanted.keys().copied().collect();
        let stored = storage.list_stored_records(&ids).await?;
        let filler = Filler {
            wanted,
            actor: writer.map_or(ActorId::from_bytes([0; 16]), |writer| writer.actor),
            at: self.scope.at,
        };
        let (filler, works) = tokio::task::spawn_blocking(move || {
            let works: StorageResult<Vec<Option<RecordWork>>> = stored
                .iter()
                .zip(0_u32..)
                .map(|(stored, item)| filler.work(stored, item))
                .collect();
            works.map(|works| (filler, works))
        })
        .await
        .map_err(|error| StorageError::Database(error.to_string()))??;
        let all = works.len() as u64;
        let works: Vec<RecordWork> = works.into_iter().flatten().collect();
        summary.filled += works.len() as u64;
        summary.known += all - works.len() as u64;
        let Some(writer) = writer.filter(|_| !works.is_empty()) else {
            return Ok(());
        };
        let commit = Commit {
            at: writer.clock.now(),
            person: writer.person,
            manifest: None,
            works,
            quarantine: Vec::new(),
            hooks: Arc::new(filler),
        };
        writer.storage.commit(commit).await.map(drop)
    }
}

/// Computes edits, inside the commit too.
#[derive(Debug)]
struct Filler {
    wanted: BTreeMap<RecordId, Address>,
    actor: ActorId,
    at: Timestamp,
}

impl Filler {
    /// The record with its empty fields filled; `None` if none is empty.
    fn work(&self, stored: &StoredRecord, item: u32) -> StorageResult<Option<RecordWork>> {
        let corrupt = |_| StorageError::Corrupt("document");
        let Some(address) = self.wanted.get(&stored.id) else {
            return Ok(None);
        };
        let mut document =
            RecordDocument::load(stored.kind, Some(&stored.document), []).map_err(corrupt)?;
        let has = |path: &str| document.text(path).is_some();
        let fields = document.read();
        let has_point = fields.point().is_some();
        let edits: Vec<FieldEdit> = address
            .iter()
            .filter(
                |(path, _)| {
                    if **path == KEY { !has(KEY) } else { !has_point }
                },
            )
            .filter_map(|(path, value)| {
                let path = FieldPath::new(*path).ok()?;
                Some(FieldEdit::set(path, value.clone()))
            })
            .collect();
        if edits.is_empty() {
            return Ok(None);
        }
        let change = match document.edit(&edits, self.actor, self.at) {
            Ok(Some(change)) => change,
            // A record that is full takes nothing more.
            Ok(None) | Err(EditError::RecordFull | EditError::Field { .. }) => return Ok(None),
            Err(EditError::Document(_)) => return Err(StorageError::Corrupt("document")),
        };
        let change = NewChange::written(item, change, self.actor, ChangeBy::Sender);
        Ok(Some(RecordWork::onto(stored, &document, vec![change])))
    }
}

impl CommitHooks for Filler {
    /// Somebody wrote in between: what they filled stays.
    fn rework(&self, work: &RecordWork, stored: &StoredRecord) -> StorageResult<RecordWork> {
        let item = work.changes.first().map_or(0, |change| change.item);
        Ok(self.work(stored, item)?.unwrap_or_else(|| RecordWork {
            changes: Vec::new(),
            ..work.clone()
        }))
    }
}
