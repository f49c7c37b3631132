//! One ledger on its way into the register: checked without writing anything,
//! then committed in batches. Checking again before each batch is part of
//! committing, because others write meanwhile; breaking off in between loses
//! nothing, the same file goes on where it ended.

use std::{collections::HashMap, sync::Arc};

use chrono::NaiveDate;
use futures_util::{StreamExt as _, TryStreamExt as _, stream};
use serde::Serialize;
use wangge_model::{
    ActorId, CitizenIdPolicy, GridId, RecordId, Timestamp,
    document::{EditError, RecordDocument},
    duplicate::MatchSecret,
};

use super::{
    column::{Columns, ColumnsError, Mapping},
    draft::{Draft, Group, Ledger},
    judge::{Decision, Duplicates, Entry, Judge, Judged, Seen},
    remark::{Remark, Remarks},
    scope::{GridNames, Reach},
    sheet::Sheet,
    value::Reading,
};
use crate::{
    auth::Scope,
    ingest::bulk::{BATCH, BulkError, BulkWriter, NewHousehold, author},
    profile::Profile,
    storage::{
        ChangeBy, Commit, CommitHooks, CommitOutcome, LedgerRow, NewChange, RecordWork, Storage,
        StorageError, StorageResult, StoredRecord,
    },
};

/// Batches prepared or committed at the same time.
const AHEAD: usize = 2;
/// Records indexed at once before a check, so that the register is known.
const INDEXED_AT_ONCE: usize = 2_000;

/// What is said about how a table is to be read.
#[derive(Debug, Clone, Default)]
pub struct Options {
    /// The grid of rows that name none.
    pub default_grid: Option<GridId>,
    /// Targets by normalised heading, where the headings do not say it.
    pub mapping: Mapping,
    /// What happens to households the register has already.
    pub duplicates: Duplicates,
}

/// A table that was read, with everything that is needed to check and commit it.
#[derive(Debug)]
pub struct LedgerImport {
    sheet: Sheet,
    columns: Columns,
    reading: Reading,
    secret: MatchSecret,
    grids: GridNames,
    scope: Scope,
    options: Options,
    groups: Vec<Group>,
    outlined: Vec<Remark>,
}

/// What a check found or an import did.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Summary {
    /// Rows of the table with content, headings not counted.
    pub rows: u64,
    /// Households in it.
    pub households: u64,
    /// People in households that can be taken.
    pub people: u64,
    /// Households that are new.
    pub new: u64,
    /// Households imported before of which the file says something else now.
    pub changed: u64,
    /// Households imported before that are as they were.
    pub unchanged: u64,
    /// Households the register had and that were left alone.
    pub skipped: u64,
    /// Households the register had whose empty fields were filled.
    pub filled: u64,
    /// Households that cannot be taken.
    pub held_back: u64,
}

impl Summary {
    fn count(&mut self, judged: &Judged) {
        self.households += 1;
        if let Some(draft) = &judged.draft {
            self.people += draft.members.len() as u64;
        }
        *match judged.decision {
            Decision::New => &mut self.new,
            Decision::Changed(_) => &mut self.changed,
            Decision::Unchanged => &mut self.unchanged,
            Decision::Skipped => &mut self.skipped,
            Decision::Filled(_) => &mut self.filled,
            Decision::HeldBack => &mut self.held_back,
        } += 1;
    }

    /// Households that an import would write.
    pub const fn to_write(&self) -> u64 {
        self.new + self.changed + self.filled
    }
}

/// Why an import ended; batches committed before stay.
#[derive(Debug, thiserror::Error)]
pub enum ImportFailure {
    /// The columns are not known.
    #[error(transparent)]
    Columns(#[from] ColumnsError),
    /// Households cannot be written.
    #[error(transparent)]
    Bulk(#[from] BulkError),
    /// Storage failed.
    #[error(transparent)]
    Storage(#[from] StorageError),
}

/// Told how far a check or an import is: rows done.
pub type Told<'a> = &'a mut (dyn FnMut(u64) + Send);

impl LedgerImport {
    /// Prepares a table for a person.
    pub async fn open(
        sheet: Sheet,
        storage: &dyn Storage,
        scope: Scope,
        reach: Reach,
        today: NaiveDate,
        options: Options,
    ) -> Result<Arc<Self>, ImportFailure> {
        let columns = Columns::find(&sheet, &options.mapping)?;
        let policy: CitizenIdPolicy = Profile::find(storage).await?.citizen_id_policy();
        let mut import = Self {
            reading: Reading {
                today,
                policy,
                is_1904: sheet.is_1904,
            },
            secret: storage.find_match_secret().await?,
            grids: GridNames::load(storage, &scope, reach).await?,
            sheet,
            columns,
            scope,
            options,
            groups: Vec::new(),
            outlined: Vec::new(),
        };
        let outline = import.ledger().outline();
        import.groups = outline.groups;
        import.outlined = outline.remarks;
        Ok(Arc::new(import))
    }

    /// The columns as they were recognised.
    pub fn columns(&self) -> &Columns {
        &self.columns
    }

    /// The table's name.
    pub fn sheet_name(&self) -> &str {
        &self.sheet.name
    }

    /// Rows of the table, headings not counted.
    pub fn rows(&self) -> u64 {
        self.groups
            .iter()
            .map(|group| group.rows.len() as u64)
            .sum()
    }

    fn ledger(&self) -> Ledger<'_> {
        Ledger {
            sheet: &self.sheet,
            columns: &self.columns,
            reading: self.reading,
            secret: &self.secret,
            grids: &self.grids,
            default_grid: self.options.default_grid,
        }
    }

    fn judge<'a>(&'a self, storage: &'a dyn Storage) -> Judge<'a> {
        Judge {
            storage,
            scope: &self.scope,
            grids: &self.grids,
            secret: &self.secret,
            duplicates: self.options.duplicates,
        }
    }

    fn batches(&self) -> impl Iterator<Item = std::ops::Range<usize>> + use<> {
        let count = self.groups.len();
        (0..count)
            .step_by(BATCH)
            .map(move |start| start..(start + BATCH).min(count))
    }

    /// The households of a batch as the file has them, with what is remarked,
    /// and how many rows they are.
    async fn draft(
        self: Arc<Self>,
        batch: std::ops::Range<usize>,
    ) -> StorageResult<(Vec<Option<Draft>>, Vec<Remark>, u64)> {
        tokio::task::spawn_blocking(move || {
            let ledger = self.ledger();
            let mut remarks = Vec::new();
            let mut rows = 0;
            let drafts = self
                .groups
                .get(batch)
                .unwrap_or_default()
                .iter()
                .map(|group| {
                    rows += group.rows.len() as u64;
                    let (draft, found) = ledger.draft(group);
                    remarks.extend(found);
                    draft
                })
                .collect();
            (drafts, remarks, rows)
        })
        .await
        .map_err(|error| StorageError::Database(error.to_string()))
    }

    /// Looks through the whole table and writes nothing.
    pub async fn check(
        self: &Arc<Self>,
        storage: &dyn Storage,
        told: Told<'_>,
    ) -> Result<(Summary, Remarks), ImportFailure> {
        while storage.index_some(INDEXED_AT_ONCE).await? {}
        let mut summary = Summary {
            rows: self.rows(),
            ..Summary::default()
        };
        let mut remarks = Remarks::default();
        remarks.extend(self.outlined.iter().cloned());
        let mut seen = Seen::default();
        let mut done = 0;
        let judge = self.judge(storage);
        let mut drafted = std::pin::pin!(
            stream::iter(self.batches())
                .map(|batch| Arc::clone(self).draft(batch))
                .buffered(AHEAD)
        );
        while let Some((drafts, found, rows)) = drafted.try_next().await? {
            remarks.extend(found);
            for judged in judge.judge(drafts, &mut seen, &mut remarks).await? {
                summary.count(&judged);
            }
            done += rows;
            told(done);
        }
        remarks.sort();
        Ok((summary, remarks))
    }

    /// Writes everything that can be taken. `written` is told of every commit,
    /// which is durable then.
    pub async fn commit(
        self: &Arc<Self>,
        writer: &BulkWriter,
        entropy: &dyn wangge_model::Entropy,
        mut written: impl FnMut(&CommitOutcome),
        told: Told<'_>,
    ) -> Result<Summary, ImportFailure> {
        let mut summary = Summary {
            rows: self.rows(),
            ..Summary::default()
        };
        let mut done = 0;
        let committed = stream::iter(self.batches())
            .map(|batch| self.prepare(batch, writer, entropy))
            .buffered(AHEAD)
            .map_ok(|batch| batch.commit(writer))
            .try_buffered(AHEAD);
        let mut committed = std::pin::pin!(committed);
        while let Some((part, outcome, rows)) = committed.try_next().await? {
            written(&outcome);
            summary.add(&part);
            done += rows;
            told(done);
        }
        Ok(summary)
    }

    async fn prepare(
        self: &Arc<Self>,
        batch: std::ops::Range<usize>,
        writer: &BulkWriter,
        entropy: &dyn wangge_model::Entropy,
    ) -> Result<Prepared, ImportFailure> {
        let (drafts, _, rows) = Arc::clone(self).draft(batch).await?;
        let storage = writer.storage.as_ref();
        // What is remarked was shown when the table was checked.
        let judged = self
            .judge(storage)
            .judge(drafts, &mut Seen::default(), &mut Remarks::default())
            .await?;
        let wanted: Vec<RecordId> = judged
            .iter()
            .filter_map(|one| match one.decision {
                Decision::Changed(record) | Decision::Filled(record) => Some(record),
                _ => None,
            })
            .collect();
        let stored: HashMap<RecordId, StoredRecord> = storage
            .list_stored_records(&wanted)
            .await?
            .into_iter()
            .map(|record| (record.id, record))
            .collect();
        let ids: Vec<RecordId> = judged
            .iter()
            .map(|_| RecordId::make(writer.clock.as_ref(), entropy))
            .collect();
        let (import, actor, at) = (Arc::clone(self), writer.actor, writer.clock.now());
        tokio::task::spawn_blocking(move || {
            let mut prepared = Prepared::new(&import, actor, at, rows);
            for (judged, id) in judged.into_iter().zip(ids) {
                prepared.take(judged, id, &stored)?;
            }
            Ok(prepared)
        })
        .await
        .map_err(|error| StorageError::Database(error.to_string()))?
    }
}

impl Summary {
    fn add(&mut self, other: &Self) {
        self.households += other.households;
        self.people += other.people;
        self.new += other.new;
        self.changed += other.changed;
        self.unchanged += other.unchanged;
        self.skipped += other.skipped;
        self.filled += other.filled;
        self.held_back += other.held_back;
    }
}

/// A household that is edited, to be able to do it again.
#[derive(Debug)]
struct Editing {
    draft: Draft,
    before: Option<LedgerRow>,
    overwrite: bool,
}

/// What computes edits, inside the commit too.
#[derive(Debug)]
struct Editor {
    secret: MatchSecret,
    today: NaiveDate,
    actor: ActorId,
    at: Timestamp,
    editing: HashMap<RecordId, Editing>,
}

/// A batch that is ready to be committed.
struct Prepared {
    summary: Summary,
    works: Vec<RecordWork>,
    rows: Vec<LedgerRow>,
    editor: Editor,
    table_rows: u64,
}

impl Prepared {
    fn new(import: &LedgerImport, actor: ActorId, at: Timestamp, table_rows: u64) -> Self {
        Self {
            summary: Summary::default(),
            works: Vec::new(),
            rows: Vec::new(),
            editor: Editor {
                secret: import.secret.clone(),
                today: import.reading.today,
                actor,
                at,
                editing: HashMap::new(),
            },
            table_rows,
        }
    }

    fn take(
        &mut self,
        judged: Judged,
        id: RecordId,
        stored: &HashMap<RecordId, StoredRecord>,
    ) -> Result<(), ImportFailure> {
        self.summary.count(&judged);
        let Some(draft) = judged.draft else {
            return Ok(());
        };
        let item = u32::try_from(self.works.len()).unwrap_or(u32::MAX);
        match judged.decision {
            Decision::Unchanged | Decision::Skipped | Decision::HeldBack => Ok(()),
            Decision::New => self.create(&draft, id, item),
            Decision::Changed(record) | Decision::Filled(record) => {
                let Some(stored) = stored.get(&record) else {
                    return Err(StorageError::Missing("record").into());
                };
                self.rows.push(draft.remember(record, &self.editor.secret));
                let overwrite = matches!(judged.decision, Decision::Changed(_));
                let editing = Editing {
                    draft,
                    before: judged.remembered,
                    overwrite,
                };
                self.editor.editing.insert(record, editing);
                let work = self.editor.work(stored, item)?;
                self.works.extend(work);
                Ok(())
            }
        }
    }

    fn create(&mut self, draft: &Draft, id: RecordId, item: u32) -> Result<(), ImportFailure> {
        let entry = Entry {
            draft,
            secret: &self.editor.secret,
            today: self.editor.today,
        };
        let household = NewHousehold {
            id,
            grid: draft.grid,
            at: self.editor.at,
            fields: entry.new_fields(&id),
        };
        match author(&household, item, self.editor.actor) {
            Ok(work) => {
                self.works.push(work);
                self.rows.push(draft.remember(id, &self.editor.secret));
                Ok(())
            }
            // Too large, or nothing but its number: counted, the rest goes on.
            Err(BulkError::Household { .. }) => {
                self.summary.new -= 1;
                self.summary.held_back += 1;
                Ok(())
            }
            Err(error) => Err(error.into()),
        }
    }

    async fn commit(
        self,
        writer: &BulkWriter,
    ) -> Result<(Summary, CommitOutcome, u64), ImportFailure> {
        if self.works.is_empty() && self.rows.is_empty() {
            return Ok((self.summary, CommitOutcome::default(), self.table_rows));
        }
        let commit = Commit {
            at: writer.clock.now(),
            person: writer.person,
            manifest: None,
            works: self.works,
            quarantine: Vec::new(),
            hooks: Arc::new(self.editor),
        };
        let outcome = writer.storage.commit_ledger(commit, self.rows).await?;
        Ok((self.summary, outcome, self.table_rows))
    }
}

impl Editor {
    /// The record as the file wants it; `None` if it is so already.
    fn work(&self, stored: &StoredRecord, item: u32) -> StorageResult<Option<RecordWork>> {
        let corrupt = |_| StorageError::Corrupt("document");
        let Some(editing) = self.editing.get(&stored.id) else {
            return Err(StorageError::Corrupt("ledger import"));
        };
        let mut document =
            RecordDocument::load(stored.kind, Some(&stored.document), []).map_err(corrupt)?;
        let entry = Entry {
            draft: &editing.draft,
            secret: &self.secret,
            today: self.today,
        };
        let edits = entry.edits(
            stored,
            &document,
            editing.before.as_ref(),
            editing.overwrite,
        );
        let change = match document.edit(&edits, self.actor, self.at) {
            Ok(Some(change)) => change,
            // A record that is full takes nothing more; the file is remembered
            // and the register stays as it is.
            Ok(None) | Err(EditError::RecordFull | EditError::Field { .. }) => return Ok(None),
            Err(EditError::Document(_)) => return Err(StorageError::Corrupt("document")),
        };
        let change = NewChange::written(item, change, self.actor, ChangeBy::Sender);
        Ok(Some(RecordWork::onto(stored, &document, vec![change])))
    }
}

impl CommitHooks for Editor {
    /// Somebody else wrote in between: the file is compared with the record as
    /// it stands now.
    fn rework(&self, work: &RecordWork, stored: &StoredRecord) -> StorageResult<RecordWork> {
        let item = work.changes.first().map_or(0, |change| change.item);
        Ok(self.work(stored, item)?.unwrap_or_else(|| RecordWork {
            changes: Vec::new(),
            ..work.clone()
        }))
    }
}
