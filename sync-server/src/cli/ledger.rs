//! `wangge import ledger` and `wangge export ledger`.

use std::{
    fs::{File, OpenOptions},
    io::{BufWriter, IsTerminal as _, Write},
    path::{Path, PathBuf},
    sync::Arc,
    time::{Duration, Instant},
};

use serde_json::json;
use wangge_model::{
    AuditId, Clock, GridId, OrgLevel, SystemClock, Timestamp,
    message::{Language, message},
};

use super::{AdminError, CliError, Outcome, World, open::open_existing, output::Output};
use crate::{
    auth::{Scope, sign_in::normalise_username},
    config::Config,
    explain::{Explain, exit_status},
    import::{Progress, progress_for},
    ingest::bulk::BulkWriter,
    ledger::{
        column::{Columns, ColumnsError, Mapping, Target, letters, normalise_heading},
        explain::{columns_text, mapping_of, mapping_text, sheet_text},
        export::{ExportError, ExportOptions, FileForm, export},
        import::{ImportFailure, LedgerImport, Options, Summary},
        judge::Duplicates,
        remark::{Remarks, Severity},
        scope::Reach,
        sheet::{self, Limits, SheetError},
    },
    state::ServerIdentity,
    storage::{AuditEntry, LedgerTemplate, Storage},
};

/// Remarks printed; all of them go to the report.
const SHOWN: usize = 20;
/// Longest time for reading one file.
pub(super) const READING: Duration = Duration::from_mins(10);
/// Records indexed at once after an import.
const INDEXED_AT_ONCE: usize = 5_000;

/// Arguments of `wangge import ledger`.
#[derive(Debug, clap::Args)]
pub(super) struct ImportLedgerArgs {
    /// 台账文件：XLSX 或 CSV。The ledger: XLSX or CSV.
    #[arg(value_name = "FILE")]
    file: PathBuf,
    /// 以谁的名义导入（登录名或编号）；只导入其管理范围内的网格。On whose behalf (user name or id); only
    /// grids below their places are written.
    #[arg(long)]
    person: String,
    /// 没有网格列时导入到哪个网格。The grid of rows that name none.
    #[arg(long, value_name = "CODE")]
    grid: Option<String>,
    /// 工作表名称。Name of the sheet.
    #[arg(long)]
    sheet: Option<String>,
    /// 指定列的含义，如 “门牌=address.detail”；“-” 表示不导入。What a column is, e.g.
    /// "门牌=address.detail"; "-" leaves it out.
    #[arg(long, value_name = "HEADING=FIELD")]
    map: Vec<String>,
    /// 记住或沿用这个名称的列设置。Remember the columns under this name, or use what is remembered.
    #[arg(long)]
    template: Option<String>,
    /// 系统中已有的住户：skip 不动，fill 只补空白，add 另建一户。Households the register has: leave,
    /// fill their empty fields, or enter them again.
    #[arg(long, value_name = "WHAT", default_value = "skip")]
    duplicates: Duplicates,
    /// 只检查，不写入。Check only, write nothing.
    #[arg(long)]
    dry_run: bool,
    /// 不再询问，直接写入。Write without asking.
    #[arg(long)]
    yes: bool,
    /// 把全部问题写入这个 CSV 文件。Write every remark to this CSV file.
    #[arg(long, value_name = "FILE")]
    report: Option<PathBuf>,
    /// 以 JSON 输出结果。Print the result as JSON.
    #[arg(long)]
    pub(super) json: bool,
}

/// Arguments of `wangge export ledger`.
#[derive(Debug, clap::Args)]
pub(super) struct ExportLedgerArgs {
    /// 导出到哪个文件；扩展名决定格式：xlsx、csv、geojson。The file; its ending says the form: xlsx, csv,
    /// geojson.
    #[arg(value_name = "FILE")]
    file: PathBuf,
    /// 以谁的名义导出（登录名或编号）；只导出其管理范围。On whose behalf; their scope is exported.
    #[arg(long)]
    person: String,
    /// 只导出这个网格。Of this grid only.
    #[arg(long, value_name = "CODE")]
    grid: Option<String>,
    /// 只导出这类台账：consistent、separated、tenant。Of this ledger only.
    #[arg(long, value_name = "KIND")]
    ledger: Option<String>,
    /// 不脱敏；必须用 --reason 说明理由，并记入审计。Without masks; needs --reason, which is audited.
    #[arg(long, requires = "reason")]
    unmask: bool,
    /// 不脱敏的理由。Why without masks.
    #[arg(long)]
    reason: Option<String>,
    /// 以 JSON 输出结果。Print the result as JSON.
    #[arg(long)]
    pub(super) json: bool,
}

/// A ledger command that failed as a whole.
#[derive(Debug, thiserror::Error)]
pub enum LedgerError {
    /// The file cannot be read as a table.
    #[error(transparent)]
    Sheet(#[from] SheetError),
    /// Its columns are not known.
    #[error(transparent)]
    Columns(#[from] ColumnsError),
    /// The import ended.
    #[error(transparent)]
    Import(ImportFailure),
    /// The export ended.
    #[error(transparent)]
    Export(#[from] ExportError),
    /// A `--map` that is none.
    #[error("{0:?} is no heading=field")]
    Map(String),
    /// A `--map` with a field there is not.
    #[error("no field {0:?}")]
    Target(String),
    /// Nobody said yes and nobody can be asked.
    #[error("not confirmed")]
    Unconfirmed,
    /// A file of that name is there.
    #[error("{0} exists")]
    Exists(PathBuf),
    /// A file name that says no form.
    #[error("{0} has no known ending")]
    Form(PathBuf),
    /// The person may not have what they ask for.
    #[error("not allowed")]
    Forbidden,
    /// The reason is too short or too long.
    #[error("no reason")]
    Reason,
}

impl From<ImportFailure> for LedgerError {
    fn from(failure: ImportFailure) -> Self {
        match failure {
            ImportFailure::Columns(error) => Self::Columns(error),
            other => Self::Import(other),
        }
    }
}

impl Explain for LedgerError {
    fn text(&self, language: Language) -> String {
        let say = |id: &str, arguments: &[(&str, &str)]| message(language, id, arguments);
        let path = |path: &Path| path.display().to_string();
        match self {
            Self::Sheet(error) => sheet_text(error, language),
            Self::Columns(error) => columns_text(error, language),
            Self::Import(failure) => say("ledger-failed", &[("reason", &failure.to_string())]),
            Self::Export(error) => say("ledger-export-failed", &[("reason", &error.to_string())]),
            Self::Map(text) => say("ledger-map-form", &[("text", text)]),
            Self::Target(name) => {
                let known: Vec<String> = Target::all().map(|target| target.to_string()).collect();
                let known = known.join(" ");
                say(
                    "ledger-no-such-target",
                    &[("name", name), ("known", &known)],
                )
            }
            Self::Unconfirmed => say("ledger-unconfirmed", &[]),
            Self::Exists(at) => say("ledger-exists", &[("path", &path(at))]),
            Self::Form(at) => say("ledger-form", &[("path", &path(at))]),
            Self::Forbidden => say("ledger-forbidden", &[]),
            Self::Reason => say("ledger-reason", &[]),
        }
    }

    fn exit_status(&self) -> u8 {
        match self {
            Self::Import(_) => exit_status::DATA,
            _ => exit_status::REFUSED,
        }
    }
}

/// The person a command acts for, and what is in their scope.
pub(super) async fn scope_of(
    storage: &dyn Storage,
    text: &str,
    at: Timestamp,
) -> Result<Scope, CliError> {
    let text = text.trim();
    let person = match text.parse() {
        Ok(id) => storage.find_person(&id).await?,
        Err(_) => {
            storage
                .find_person_by_username(&normalise_username(text))
                .await?
        }
    };
    let person = person.ok_or_else(|| AdminError::PersonUnknown(text.to_owned()))?;
    if !person.active {
        return Err(AdminError::PersonInactive(person.name).into());
    }
    Ok(Scope::find(storage, &person, at).await?)
}

async fn grid_of(storage: &dyn Storage, text: Option<&str>) -> Result<Option<GridId>, CliError> {
    let Some(text) = text.map(str::trim) else {
        return Ok(None);
    };
    let node = match text.parse() {
        Ok(id) => storage.find_node(&id).await?,
        Err(_) => storage.find_node_by_code(text).await?,
    };
    let node = node.ok_or_else(|| AdminError::NodeUnknown(text.to_owned()))?;
    if node.level == OrgLevel::Grid {
        Ok(Some(node.id.into()))
    } else {
        Err(AdminError::NotAGrid(node.name).into())
    }
}

fn parse_map(texts: &[String]) -> Result<Mapping, LedgerError> {
    let mut mapping = Mapping::new();
    for text in texts {
        let (heading, target) = text
            .rsplit_once('=')
            .ok_or_else(|| LedgerError::Map(text.clone()))?;
        let target = target
            .trim()
            .parse()
            .map_err(|_| LedgerError::Target(target.trim().to_owned()))?;
        mapping.insert(normalise_heading(heading), target);
    }
    Ok(mapping)
}

pub(super) async fn run_import(
    args: &ImportLedgerArgs,
    config: &Config,
    world: World<'_>,
    out: &mut dyn Write,
) -> Result<Outcome, CliError> {
    let (data, storage) = open_existing(config)?;
    let storage: Arc<dyn Storage> = Arc::new(storage);
    let result = async {
        let identity =
            ServerIdentity::open(data.path(), storage.as_ref(), world.clock, world.entropy).await?;
        let import = Import {
            args,
            config,
            world,
            storage: Arc::clone(&storage),
            identity,
        };
        import.run(out).await
    }
    .await;
    storage.close().await?;
    result
}

struct Import<'a> {
    args: &'a ImportLedgerArgs,
    config: &'a Config,
    world: World<'a>,
    storage: Arc<dyn Storage>,
    identity: ServerIdentity,
}

impl Import<'_> {
    async fn run(&self, out: &mut dyn Write) -> Result<Outcome, CliError> {
        let started = Instant::now();
        let storage = self.storage.as_ref();
        let scope = scope_of(storage, &self.args.person, self.world.clock.now()).await?;
        let (import, mapping) = self.open(&scope).await?;
        let mut output = Output {
            json: self.args.json,
            language: self.config.language,
            writer: out,
        };
        self.say_columns(&mut output, import.columns())?;
        let rows = import.rows();
        let mut progress = progress_for(self.config.language);
        let (checked, remarks) = import
            .check(storage, &mut |done| progress.at(done, rows, done))
            .await
            .map_err(LedgerError::from)?;
        progress.finish();
        self.say_remarks(&mut output, &checked, &remarks)?;
        if let Some(path) = &self.args.report {
            let file = private_file(path).map_err(LedgerError::from)?;
            remarks.write(BufWriter::new(file))?;
            output.say(
                "ledger-report-written",
                &[("path", &path.display().to_string())],
            )?;
        }
        let mut done = None;
        if !self.args.dry_run && checked.to_write() > 0 {
            self.confirm(&checked)?;
        }
        if !self.args.dry_run {
            done = Some(self.commit(&import, &scope, progress.as_mut()).await?);
            self.remember(&scope, import.columns(), mapping).await?;
        }
        let seconds = (started.elapsed().as_secs_f64() * 10.0).round() / 10.0;
        let said = if done.is_some() {
            "ledger-done"
        } else {
            "ledger-checked"
        };
        let summary = done.as_ref().unwrap_or(&checked);
        Self::say_summary(&mut output, said, summary, seconds)?;
        output.value(&json!({
            "committed": done.is_some(),
            "summary": summary,
            "errors": remarks.errors,
            "duplicates": remarks.duplicates,
            "notes": remarks.notes,
            "seconds": seconds,
        }))?;
        Ok(if remarks.errors == 0 {
            Outcome::Done
        } else {
            Outcome::Incomplete
        })
    }

    /// Reads the file with the columns as given, remembered, or by themselves.
    async fn open(&self, scope: &Scope) -> Result<(Arc<LedgerImport>, Mapping), CliError> {
        let begun = Instant::now();
        let stop = || begun.elapsed() > READING;
        let sheet = sheet::read_path(
            &self.args.file,
            self.args.sheet.as_deref(),
            &Limits::COMMAND,
            &Columns::is_ledger,
            &stop,
        )
        .map_err(LedgerError::from)?;
        let mut mapping = self.remembered(scope).await?;
        mapping.extend(parse_map(&self.args.map)?);
        let options = Options {
            default_grid: grid_of(self.storage.as_ref(), self.args.grid.as_deref()).await?,
            mapping: mapping.clone(),
            duplicates: self.args.duplicates,
        };
        let today = self.world.clock.now().to_china_date();
        let import = LedgerImport::open(
            sheet,
            self.storage.as_ref(),
            scope.clone(),
            Reach::Places,
            today.unwrap_or_default(),
            options,
        )
        .await
        .map_err(LedgerError::from)?;
        Ok((import, mapping))
    }

    /// The mapping of the named template, if there is one.
    async fn remembered(&self, scope: &Scope) -> Result<Mapping, CliError> {
        let Some(name) = &self.args.template else {
            return Ok(Mapping::new());
        };
        let templates = self.storage.list_ledger_templates(&scope.person).await?;
        Ok(templates
            .iter()
            .find(|template| template.name == *name)
            .map(|template| mapping_of(&template.mapping))
            .unwrap_or_default())
    }

    async fn remember(
        &self,
        scope: &Scope,
        columns: &Columns,
        mapping: Mapping,
    ) -> Result<(), CliError> {
        let Some(name) = &self.args.template else {
            return Ok(());
        };
        let mut all = columns.to_mapping();
        all.extend(mapping);
        let template = LedgerTemplate {
            person: scope.person,
            name: name.clone(),
            headings: columns.fingerprint(),
            mapping: mapping_text(&all),
            used_at: self.world.clock.now(),
        };
        self.storage.put_ledger_template(&template).await?;
        Ok(())
    }

    async fn commit(
        &self,
        import: &Arc<LedgerImport>,
        scope: &Scope,
        progress: &mut dyn Progress,
    ) -> Result<Summary, CliError> {
        let clock: Arc<dyn Clock> = Arc::new(SystemClock);
        let writer = BulkWriter {
            storage: Arc::clone(&self.storage),
            actor: self.identity.actor,
            person: scope.person,
            clock,
        };
        let rows = import.rows();
        let summary = import
            .commit(&writer, self.world.entropy, |_| (), &mut |done| {
                progress.at(done, rows, done);
            })
            .await
            .map_err(LedgerError::from)?;
        while self.storage.index_some(INDEXED_AT_ONCE).await? {}
        progress.finish();
        let detail = format!(
            "new {}, changed {}, filled {}",
            summary.new, summary.changed, summary.filled
        );
        audit(
            self.storage.as_ref(),
            self.world,
            scope,
            "ledger_imported",
            detail,
        )
        .await?;
        Ok(summary)
    }

    fn confirm(&self, checked: &Summary) -> Result<(), CliError> {
        if self.args.yes {
            return Ok(());
        }
        if self.args.json || !std::io::stdin().is_terminal() {
            return Err(LedgerError::Unconfirmed.into());
        }
        let question = message(
            self.config.language,
            "ledger-confirm",
            &[("households", &checked.to_write().to_string())],
        );
        write!(std::io::stderr(), "{question} ")?;
        let mut answer = String::new();
        std::io::stdin().read_line(&mut answer)?;
        if ["y", "yes", "是"].contains(&answer.trim().to_lowercase().as_str()) {
            Ok(())
        } else {
            Err(LedgerError::Unconfirmed.into())
        }
    }

    fn say_columns(&self, output: &mut Output<'_>, columns: &Columns) -> Result<(), CliError> {
        output.say("ledger-columns", &[])?;
        for column in &columns.columns {
            let line = format!(
                "  {}  {} → {}",
                letters(column.place),
                column.heading,
                column.target.label(self.config.language)
            );
            output.lines(&line)?;
        }
        Ok(())
    }

    fn say_remarks(
        &self,
        output: &mut Output<'_>,
        checked: &Summary,
        remarks: &Remarks,
    ) -> Result<(), CliError> {
        output.say(
            "ledger-remarks",
            &[
                ("errors", &remarks.errors.to_string()),
                ("duplicates", &remarks.duplicates.to_string()),
                ("notes", &remarks.notes.to_string()),
                ("held", &checked.held_back.to_string()),
            ],
        )?;
        let mut shown: Vec<_> = remarks.kept.iter().collect();
        // What has to be decided on comes first.
        shown.sort_by_key(|remark| {
            (
                remark.reason.severity() == Severity::Note,
                remark.row,
                remark.column,
            )
        });
        for remark in shown.iter().take(SHOWN) {
            let severity = message(
                self.config.language,
                remark.reason.severity().message_id(),
                &[],
            );
            let line = format!(
                "  {}{} [{severity}] {} {}",
                remark.column_letters(),
                remark.row,
                remark.value,
                remark.reason.text(self.config.language)
            );
            output.lines(&line)?;
        }
        let more = remarks.total().saturating_sub(SHOWN as u64);
        if more > 0 {
            output.say("ledger-remarks-more", &[("count", &more.to_string())])?;
        }
        Ok(())
    }

    fn say_summary(
        output: &mut Output<'_>,
        id: &str,
        summary: &Summary,
        seconds: f64,
    ) -> Result<(), CliError> {
        output.say(
            id,
            &[
                ("rows", &summary.rows.to_string()),
                ("households", &summary.households.to_string()),
                ("people", &summary.people.to_string()),
                ("new", &summary.new.to_string()),
                ("changed", &summary.changed.to_string()),
                ("unchanged", &summary.unchanged.to_string()),
                ("skipped", &summary.skipped.to_string()),
                ("filled", &summary.filled.to_string()),
                ("held", &summary.held_back.to_string()),
                ("seconds", &seconds.to_string()),
            ],
        )?;
        Ok(())
    }
}

pub(super) async fn audit(
    storage: &dyn Storage,
    world: World<'_>,
    scope: &Scope,
    action: &str,
    detail: String,
) -> Result<(), CliError> {
    let entry = AuditEntry {
        id: AuditId::make(world.clock, world.entropy),
        at: world.clock.now(),
        person: Some(scope.person),
        device: None,
        action: action.to_owned(),
        target: String::new(),
        detail: format!("command line: {detail}"),
    };
    storage.create_audit(&entry).await?;
    Ok(())
}

/// A new file that only its owner can read; never one that is there.
pub(super) fn private_file(path: &Path) -> Result<File, SheetError> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    Ok(options.open(path)?)
}

pub(super) async fn run_export(
    args: &ExportLedgerArgs,
    config: &Config,
    world: World<'_>,
    out: &mut dyn Write,
) -> Result<Outcome, CliError> {
    let form: FileForm = args
        .file
        .extension()
        .and_then(|ending| ending.to_str()?.parse().ok())
        .ok_or_else(|| LedgerError::Form(args.file.clone()))?;
    let reason = args.reason.as_deref().map(str::trim).unwrap_or_default();
    if args.unmask && !(2..=100).contains(&reason.chars().count()) {
        return Err(LedgerError::Reason.into());
    }
    let (_data, storage) = open_existing(config)?;
    let storage: Arc<dyn Storage> = Arc::new(storage);
    let result = export_to(args, config, world, storage.as_ref(), form, reason, out).await;
    storage.close().await?;
    result
}

async fn export_to(
    args: &ExportLedgerArgs,
    config: &Config,
    world: World<'_>,
    storage: &dyn Storage,
    form: FileForm,
    reason: &str,
    out: &mut dyn Write,
) -> Result<Outcome, CliError> {
    use wangge_model::access::{Act, Data};
    let scope = scope_of(storage, &args.person, world.clock.now()).await?;
    if args.unmask && !scope.may(Data::Household, Act::Unmask) {
        return Err(LedgerError::Forbidden.into());
    }
    let options = ExportOptions {
        form,
        language: config.language,
        grid: grid_of(storage, args.grid.as_deref()).await?,
        ledger: args.ledger.clone(),
        unmasked: args.unmask,
    };
    let file = match private_file(&args.file) {
        Err(SheetError::File(error)) if error.kind() == std::io::ErrorKind::AlreadyExists => {
            return Err(LedgerError::Exists(args.file.clone()).into());
        }
        other => other.map_err(LedgerError::from)?,
    };
    // Noted before a byte leaves.
    let detail = format!(
        "{}{}",
        if args.unmask { "unmasked: " } else { "masked" },
        reason.replace(char::is_control, " ")
    );
    audit(storage, world, &scope, "ledger_exported", detail).await?;
    let mut progress = progress_for(config.language);
    let done = export(
        storage,
        &scope,
        &options,
        BufWriter::new(file),
        &mut |done| {
            progress.at(done, done, done);
        },
    )
    .await
    .map_err(LedgerError::from)?;
    progress.finish();
    let mut output = Output {
        json: args.json,
        language: config.language,
        writer: out,
    };
    output.say(
        "ledger-exported",
        &[
            ("households", &done.households.to_string()),
            ("rows", &done.rows.to_string()),
            ("path", &args.file.display().to_string()),
        ],
    )?;
    output.value(&json!({
        "households": done.households,
        "rows": done.rows,
        "path": args.file.display().to_string(),
        "masked": !args.unmask,
    }))?;
    Ok(Outcome::Done)
}
