//! One file that is brought in: read and checked, checked again when somebody
//! said otherwise what its columns are, then committed.

use std::{
    fs::File,
    io,
    sync::{Arc, Mutex},
    time::{Duration, Instant},
};

use wangge_model::{GridId, PersonId, Timestamp, message::Language, message::message};

use super::{Owner, open};
use crate::{
    AppState,
    auth::{Scope, sign_in::audit},
    ingest::bulk::BulkWriter,
    ledger::{
        column::{Columns, ColumnsError, Mapping},
        explain::{columns_text, mapping_of, mapping_text, sheet_text},
        import::{ImportFailure, LedgerImport, Options, Summary},
        judge::Duplicates,
        remark::Remarks,
        scope::Reach,
        sheet::{self, Limits, Sheet, SheetError},
    },
    storage::{LedgerTemplate, StorageError},
};

/// Longest time for reading one file.
const READING: Duration = Duration::from_mins(2);
/// Longest name of remembered columns, in characters.
const NAME_CHARS: usize = 60;

/// How a file is to be taken, as somebody said.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ImportSettings {
    /// The grid of rows that name none.
    pub grid: Option<GridId>,
    /// Name of the sheet; empty: the first that looks like a ledger.
    pub sheet: String,
    /// What happens to households the register has already.
    pub duplicates: Duplicates,
    /// What columns are, where somebody said so. `None`: as remembered, if
    /// anything is.
    pub mapping: Option<Mapping>,
}

/// What a check found.
#[derive(Debug, Clone)]
pub struct Check {
    /// What the import would do.
    pub summary: Summary,
    /// What is wrong or odd.
    pub remarks: Remarks,
}

/// Why a job cannot go on.
#[derive(Debug, thiserror::Error)]
pub enum Trouble {
    /// The file cannot be read as a table.
    #[error(transparent)]
    Sheet(#[from] SheetError),
    /// Its columns are not known.
    #[error(transparent)]
    Columns(#[from] ColumnsError),
    /// Households cannot be written, or storage failed.
    #[error("{0}")]
    Failed(String),
    /// The person may not write households any more.
    #[error("not allowed")]
    Forbidden,
}

impl Trouble {
    /// It in words, with what to do.
    pub fn text(&self, language: Language) -> String {
        match self {
            Self::Sheet(error) => sheet_text(error, language),
            Self::Columns(error) => columns_text(error, language),
            Self::Failed(reason) => message(language, "ledger-failed", &[("reason", reason)]),
            Self::Forbidden => message(language, "console-ledger-may-not", &[]),
        }
    }
}

impl From<ImportFailure> for Trouble {
    fn from(failure: ImportFailure) -> Self {
        match failure {
            ImportFailure::Columns(error) => Self::Columns(error),
            other => Self::Failed(other.to_string()),
        }
    }
}

impl From<StorageError> for Trouble {
    fn from(error: StorageError) -> Self {
        Self::Failed(error.to_string())
    }
}

/// How far an import is.
#[derive(Debug, Clone)]
pub enum ImportStage {
    /// It waits for its turn, or the file is being read.
    Reading,
    /// Rows are looked at; nothing is written.
    Checking {
        /// Rows done.
        done: u64,
        /// Of so many.
        rows: u64,
    },
    /// It cannot be taken as it is.
    Refused(Arc<Trouble>),
    /// It can be written.
    Checked(Arc<Check>),
    /// It is being written.
    Committing {
        /// Rows done.
        done: u64,
        /// Of so many.
        rows: u64,
    },
    /// It is written.
    Done(Arc<Check>),
    /// Writing ended before the end; what was written stays.
    Interrupted(Arc<Trouble>),
}

impl ImportStage {
    /// Whether something is being done at the moment.
    pub const fn is_busy(&self) -> bool {
        matches!(
            self,
            Self::Reading | Self::Checking { .. } | Self::Committing { .. }
        )
    }
}

/// What is known of a file.
#[derive(Debug, Clone)]
pub struct ImportView {
    /// How it is to be taken.
    pub settings: ImportSettings,
    /// The columns as they are taken, once it was read.
    pub columns: Option<Columns>,
    /// The name of the remembered columns that were used.
    pub remembered: Option<String>,
    /// How far it is.
    pub stage: ImportStage,
}

/// A file that is brought in.
#[derive(Debug)]
pub struct ImportJob {
    pub(super) owner: Owner,
    name: String,
    file: File,
    view: Mutex<ImportView>,
}

impl ImportJob {
    /// Of a file that was handed in under this name.
    pub fn new(
        person: PersonId,
        at: Timestamp,
        name: String,
        file: File,
        settings: ImportSettings,
    ) -> Self {
        Self {
            owner: Owner::new(person, at),
            name,
            file,
            view: Mutex::new(ImportView {
                settings,
                columns: None,
                remembered: None,
                stage: ImportStage::Reading,
            }),
        }
    }

    /// The file's name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// What is known of it now.
    pub fn view(&self) -> ImportView {
        open(&self.view).clone()
    }

    /// How far it is.
    pub fn stage(&self) -> ImportStage {
        open(&self.view).stage.clone()
    }

    fn put(&self, stage: ImportStage) {
        open(&self.view).stage = stage;
    }

    /// Begins another check with other settings; false while something is being
    /// done.
    pub fn begin_again(&self, settings: ImportSettings) -> bool {
        let mut view = open(&self.view);
        if view.stage.is_busy() {
            return false;
        }
        view.settings = settings;
        view.stage = ImportStage::Reading;
        true
    }

    /// Begins to write what was checked; false if nothing is to be written now.
    pub fn begin_commit(&self) -> bool {
        let mut view = open(&self.view);
        let may_begin =
            matches!(&view.stage, ImportStage::Checked(check) if check.summary.to_write() > 0);
        if may_begin {
            view.stage = ImportStage::Committing { done: 0, rows: 0 };
        }
        may_begin
    }

    async fn read(&self, state: &AppState) -> Result<Sheet, Trouble> {
        let mut file = self.file.try_clone().map_err(SheetError::from)?;
        let name = self.view().settings.sheet;
        let state = state.clone();
        let reading = tokio::task::spawn_blocking(move || {
            let begun = Instant::now();
            let stop = || begun.elapsed() > READING || state.is_stopping();
            let name = Some(name.as_str()).filter(|name| !name.is_empty());
            sheet::read(
                &mut file,
                name,
                &Limits::CONSOLE,
                &Columns::is_ledger,
                &stop,
            )
        });
        let sheet = reading
            .await
            .map_err(|error| SheetError::from(io::Error::other(error)))?;
        Ok(sheet?)
    }

    /// Reads the file and prepares it with the columns as given or remembered.
    async fn open(&self, state: &AppState) -> Result<(Arc<LedgerImport>, Scope), Trouble> {
        let storage = state.storage.as_ref();
        let person = storage.find_person(&self.owner.person).await?;
        let person = person.filter(|person| person.active);
        let person = person.ok_or(Trouble::Forbidden)?;
        let scope = Scope::find(storage, &person, state.clock.now()).await?;
        let sheet = self.read(state).await?;
        let settings = self.view().settings;
        let mapping = match settings.mapping {
            Some(mapping) => mapping,
            None => self.remembered(state, &sheet).await?,
        };
        let (columns, _) = Columns::look(&sheet, &mapping)?;
        open(&self.view).columns = Some(columns);
        let options = Options {
            default_grid: settings.grid,
            mapping,
            duplicates: settings.duplicates,
        };
        let today = scope.at.to_china_date().unwrap_or_default();
        let reach = Reach::MayWrite;
        let import = LedgerImport::open(sheet, storage, scope.clone(), reach, today, options);
        Ok((import.await?, scope))
    }

    /// The mapping this person last used for a table with the same headings.
    async fn remembered(&self, state: &AppState, sheet: &Sheet) -> Result<Mapping, Trouble> {
        let (columns, _) = Columns::look(sheet, &Mapping::new())?;
        let headings = columns.fingerprint();
        let templates = state
            .storage
            .list_ledger_templates(&self.owner.person)
            .await?;
        let found = templates
            .into_iter()
            .find(|template| template.headings == headings);
        let mapping = found.as_ref().map(|template| mapping_of(&template.mapping));
        open(&self.view).remembered = found.map(|template| template.name);
        Ok(mapping.unwrap_or_default())
    }

    /// Checks the file. To be called once after [`Self::new`] or
    /// [`Self::begin_again`].
    pub async fn check(&self, state: &AppState) {
        let Ok(_turn) = state.ledgers.turn.acquire().await else {
            return;
        };
        let checked = async {
            let (import, _) = self.open(state).await?;
            let rows = import.rows();
            self.put(ImportStage::Checking { done: 0, rows });
            let storage = state.storage.as_ref();
            let told = &mut |done| self.put(ImportStage::Checking { done, rows });
            let (summary, remarks) = import.check(storage, told).await?;
            Ok::<_, Trouble>(Check { summary, remarks })
        };
        match checked.await {
            Ok(check) => self.put(ImportStage::Checked(Arc::new(check))),
            Err(trouble) => self.put(ImportStage::Refused(Arc::new(trouble))),
        }
    }

    /// Writes what was checked and remembers the columns under `name`, unless
    /// that is empty. To be called once after [`Self::begin_commit`].
    pub async fn commit(&self, state: &AppState, remarks: Remarks, name: &str) {
        let Ok(_turn) = state.ledgers.turn.acquire().await else {
            return;
        };
        match self.write(state, name).await {
            Ok(summary) => self.put(ImportStage::Done(Arc::new(Check { summary, remarks }))),
            Err(trouble) => {
                tracing::error!(error = %trouble, "a ledger's import ended early");
                self.put(ImportStage::Interrupted(Arc::new(trouble)));
            }
        }
    }

    async fn write(&self, state: &AppState, name: &str) -> Result<Summary, Trouble> {
        let (import, scope) = self.open(state).await?;
        let rows = import.rows();
        self.put(ImportStage::Committing { done: 0, rows });
        let writer = BulkWriter {
            storage: Arc::clone(&state.storage),
            actor: state.identity.actor,
            person: scope.person,
            clock: Arc::clone(&state.clock),
        };
        let summary = import
            .commit(
                &writer,
                state.entropy.as_ref(),
                |outcome| state.send_hints(&outcome.grids),
                &mut |done| self.put(ImportStage::Committing { done, rows }),
            )
            .await?;
        let detail = format!(
            "new {}, changed {}, filled {}",
            summary.new, summary.changed, summary.filled
        );
        audit(&state.auth, scope.person, "ledger_imported", "", &detail).await?;
        let name: String = name.trim().chars().take(NAME_CHARS).collect();
        if !name.is_empty() {
            let columns = import.columns();
            let mut mapping = columns.to_mapping();
            mapping.extend(self.view().settings.mapping.unwrap_or_default());
            let template = LedgerTemplate {
                person: scope.person,
                name,
                headings: columns.fingerprint(),
                mapping: mapping_text(&mapping),
                used_at: state.clock.now(),
            };
            state.storage.put_ledger_template(&template).await?;
        }
        Ok(summary)
    }
}
