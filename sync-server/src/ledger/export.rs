//! The register as a table again: every person in a row with the household's
//! cells beside, within a person's scope, masked unless allowed.
//!
//! Columns follow the collection list, so a field that is added there is
//! exported without a line here. An unmasked table names records and people and
//! can be imported again after it was worked on; a masked one cannot. Restricted
//! marks are no fields of a household and never here.

use std::{
    io::{self, Seek, Write},
    str::FromStr,
};

use rust_xlsxwriter::XlsxError;
use serde_json::json;
use wangge_model::{
    FieldValue, GridId, MaskingKind, OrgLevel, RecordId, RecordKind,
    document::{Fields, RecordDocument},
    message::{Language, choice_message_id, find_message, message},
};

use super::{
    column::{Target, household_fields},
    draft::LABEL_GROUP,
    table::{CsvWriter, XlsxTable},
};
use crate::{
    auth::Scope,
    storage::{OrgNode, RecordFilter, SnapshotRow, Storage, StorageError},
};

/// Records read at once.
const PAGE: u32 = 200;
/// Bytes of documents read at once.
const PAGE_BYTES: usize = 4 << 20;

/// The form of a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FileForm {
    /// A workbook.
    Xlsx,
    /// Text with commas.
    Csv,
    /// Points on a map: one for each household that has a position.
    GeoJson,
}

impl FileForm {
    /// All, in the order of a form.
    pub const ALL: [Self; 3] = [Self::Xlsx, Self::Csv, Self::GeoJson];

    /// The word on the command line, which is also a file name's ending.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Xlsx => "xlsx",
            Self::Csv => "csv",
            Self::GeoJson => "geojson",
        }
    }

    /// Its media type.
    pub const fn media_type(self) -> &'static str {
        match self {
            Self::Xlsx => "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
            Self::Csv => "text/csv; charset=utf-8",
            Self::GeoJson => "application/geo+json",
        }
    }
}

impl FromStr for FileForm {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::ALL
            .into_iter()
            .find(|form| form.as_str() == text.to_ascii_lowercase())
            .ok_or_else(|| "xlsx, csv, geojson".to_owned())
    }
}

/// What is exported, and how.
#[derive(Debug, Clone)]
pub struct ExportOptions {
    /// The form of the file.
    pub form: FileForm,
    /// Language of headings and choices.
    pub language: Language,
    /// Of this grid only.
    pub grid: Option<GridId>,
    /// Of this ledger only (`consistent`, `separated`, `tenant`).
    pub ledger: Option<String>,
    /// Names, numbers and addresses are whole. Whether the person may have them
    /// so, and why they want them, the caller has asked and noted.
    pub unmasked: bool,
}

/// A table that households are written into one by one, from their fields: for
/// those that are in no register.
pub struct LedgerFile<W: Write> {
    options: ExportOptions,
    sink: Sink<W>,
    done: Exported,
}

impl<W: Write> std::fmt::Debug for LedgerFile<W> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("LedgerFile")
            .field("done", &self.done)
            .finish_non_exhaustive()
    }
}

impl<W: Write + Seek + Send> LedgerFile<W> {
    /// Begins a table (XLSX or CSV) with its headings.
    pub fn begin(form: FileForm, language: Language, out: W) -> Result<Self, ExportError> {
        let options = ExportOptions {
            form,
            language,
            grid: None,
            ledger: None,
            unmasked: true,
        };
        let sink = Layout::without_ids(&options).open(out)?;
        Ok(Self {
            options,
            sink,
            done: Exported::default(),
        })
    }

    /// Writes a household with its grid's code and its community's name.
    pub fn write(
        &mut self,
        grid: &str,
        community: &str,
        fields: &Fields,
    ) -> Result<(), ExportError> {
        let layout = Layout::without_ids(&self.options);
        let household = Household {
            layout: &layout,
            grid,
            community,
            id: None,
            state: &fields.text("ledger"),
            fields,
        };
        let rows = household.rows();
        for cells in &rows {
            self.sink.write_row(cells)?;
        }
        self.done.households += 1;
        self.done.rows += rows.len() as u64;
        Ok(())
    }

    /// Ends the table.
    pub fn finish(self) -> Result<Exported, ExportError> {
        Layout::close(self.sink)?;
        Ok(self.done)
    }
}

/// How much was exported.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, serde::Serialize)]
pub struct Exported {
    /// Households.
    pub households: u64,
    /// Rows of the table, or points.
    pub rows: u64,
}

/// Why an export ended.
#[derive(Debug, thiserror::Error)]
pub enum ExportError {
    /// The file cannot be written.
    #[error("cannot write the file: {0}")]
    File(#[from] io::Error),
    /// The workbook cannot be written.
    #[error("cannot write the workbook: {0}")]
    Workbook(#[from] XlsxError),
    /// A document cannot be read.
    #[error("record {0} cannot be read")]
    Document(RecordId),
    /// Storage failed.
    #[error(transparent)]
    Storage(#[from] StorageError),
}

/// Where rows go.
enum Sink<W: Write> {
    Csv(CsvWriter<W>),
    Xlsx(Box<XlsxTable>, W),
    GeoJson(W),
}

impl<W: Write> Sink<W> {
    fn write_row(&mut self, cells: &[String]) -> Result<(), ExportError> {
        match self {
            Self::Csv(csv) => csv.write_row(cells)?,
            Self::Xlsx(table, _) => table.write_row(cells)?,
            Self::GeoJson(_) => {}
        }
        Ok(())
    }
}

/// Writes the households of a person's scope to `out`; `told` is told how many
/// are done.
pub async fn export<W: Write + Seek + Send>(
    storage: &dyn Storage,
    scope: &Scope,
    options: &ExportOptions,
    out: W,
    told: &mut (dyn FnMut(u64) + Send),
) -> Result<Exported, ExportError> {
    let grids = find_grids(storage, scope, options).await?;
    let layout = Layout::new(options);
    let mut sink = layout.open(out)?;
    let mut done = Exported::default();
    for (grid, community) in &grids {
        let id = GridId::from(grid.id);
        let mut after = None;
        loop {
            let rows = storage
                .list_snapshot(&id, after.as_ref(), PAGE, PAGE_BYTES)
                .await?;
            let Some(last) = rows.last() else {
                break;
            };
            after = Some(last.record.id);
            for row in rows.iter().filter(|row| layout.wants(row)) {
                let written = layout.write(&mut sink, grid, community, row, done.rows == 0)?;
                done.households += 1;
                done.rows += written;
            }
            told(done.households);
        }
    }
    Layout::close(sink)?;
    Ok(done)
}

/// The grids of which the person may read households one by one, unmasked if
/// that is asked, with the names of their communities.
async fn find_grids(
    storage: &dyn Storage,
    scope: &Scope,
    options: &ExportOptions,
) -> Result<Vec<(OrgNode, String)>, StorageError> {
    let mut grids = Vec::new();
    let mut community: Option<OrgNode> = None;
    for node in storage
        .list_nodes_in_scope(&scope.person, scope.at)
        .await?
        .into_iter()
        .filter(|node| node.level == OrgLevel::Grid)
    {
        let id = GridId::from(node.id);
        if options.grid.is_some_and(|only| only != id) {
            continue;
        }
        // A mask is lifted only where the person's seat may lift it.
        if options.unmasked
            && !scope
                .may_unmask_in(storage, &id, RecordKind::Household)
                .await?
        {
            continue;
        }
        // Whether any household of it may be listed is the storage's word.
        let filter = RecordFilter {
            kind: Some(RecordKind::Household),
            grid: Some(id),
            limit: 1,
            ..RecordFilter::default()
        };
        let page = storage
            .list_records(&scope.person, scope.at, &filter)
            .await?;
        if page.total == 0 {
            continue;
        }
        if community.as_ref().map(|known| known.id) != node.parent {
            community = match &node.parent {
                Some(parent) => storage.find_node(parent).await?,
                None => None,
            };
        }
        let name = community.as_ref().map(|node| node.name.clone());
        grids.push((node, name.unwrap_or_default()));
    }
    Ok(grids)
}

/// Columns and masks of a table.
struct Layout<'a> {
    options: &'a ExportOptions,
    targets: Vec<Target>,
}

impl<'a> Layout<'a> {
    fn new(options: &'a ExportOptions) -> Self {
        Self::with_ids(options, options.unmasked)
    }

    fn without_ids(options: &'a ExportOptions) -> Self {
        Self::with_ids(options, false)
    }

    fn with_ids(options: &'a ExportOptions, ids: bool) -> Self {
        let fields = |of_member: bool| {
            household_fields()
                .filter(move |spec| spec.path.contains('*') == of_member)
                .map(|spec| Target::Field(spec.path))
        };
        let mut targets = vec![Target::Grid];
        if ids {
            targets.push(Target::Record);
        }
        targets.extend(fields(false));
        targets.push(Target::HouseholdLabels);
        if ids {
            targets.push(Target::Member);
        }
        targets.extend(fields(true));
        targets.push(Target::MemberLabels);
        Self { options, targets }
    }

    fn headings(&self) -> Vec<String> {
        // For people; an import goes by the other columns.
        ["level-community", "ledger-column-derived"]
            .iter()
            .map(|id| message(self.options.language, id, &[]))
            .chain(
                self.targets
                    .iter()
                    .map(|target| target.label(self.options.language)),
            )
            .collect()
    }

    fn open<W: Write>(&self, mut out: W) -> Result<Sink<W>, ExportError> {
        Ok(match self.options.form {
            FileForm::Csv => {
                let mut csv = CsvWriter::new(out)?;
                csv.write_row(&self.headings())?;
                Sink::Csv(csv)
            }
            FileForm::Xlsx => {
                let name = find_message(self.options.language, "ledger-sheet", &[]);
                let table = XlsxTable::new(&name.unwrap_or_default(), self.headings())?;
                Sink::Xlsx(Box::new(table), out)
            }
            FileForm::GeoJson => {
                out.write_all(b"{\"type\":\"FeatureCollection\",\"features\":[")?;
                Sink::GeoJson(out)
            }
        })
    }

    fn close<W: Write + Seek + Send>(sink: Sink<W>) -> Result<(), ExportError> {
        match sink {
            Sink::Csv(csv) => csv.finish()?,
            Sink::Xlsx(table, out) => table.finish(out)?,
            Sink::GeoJson(mut out) => {
                out.write_all(b"\n]}\n")?;
                out.flush()?;
            }
        }
        Ok(())
    }

    fn wants(&self, row: &SnapshotRow) -> bool {
        let ledger = self.options.ledger.as_ref();
        row.record.kind == RecordKind::Household
            && ledger.is_none_or(|ledger| *ledger == row.summary.state)
    }

    /// Writes a household; answers how many rows it is.
    fn write<W: Write>(
        &self,
        sink: &mut Sink<W>,
        grid: &OrgNode,
        community: &str,
        row: &SnapshotRow,
        is_first: bool,
    ) -> Result<u64, ExportError> {
        let document = RecordDocument::load(row.record.kind, Some(&row.record.document), [])
            .map_err(|_| ExportError::Document(row.record.id))?;
        let fields = document.read();
        let household = Household {
            layout: self,
            grid: grid.code.as_deref().unwrap_or(&grid.name),
            community,
            id: Some(row.record.id),
            state: &row.summary.state,
            fields: &fields,
        };
        if let Sink::GeoJson(out) = sink {
            let Some(feature) = household.feature(grid, row) else {
                return Ok(0);
            };
            let comma = if is_first { "" } else { "," };
            write!(out, "{comma}\n{feature}")?;
            return Ok(1);
        }
        let rows = household.rows();
        for cells in &rows {
            sink.write_row(cells)?;
        }
        Ok(rows.len() as u64)
    }
}

/// One household on its way into rows.
struct Household<'a> {
    layout: &'a Layout<'a>,
    /// The grid's code.
    grid: &'a str,
    community: &'a str,
    id: Option<RecordId>,
    /// Its ledger, as derived.
    state: &'a str,
    fields: &'a Fields,
}

impl Household<'_> {
    /// A row for each person who lives there; one for the household if nobody
    /// does.
    fn rows(&self) -> Vec<Vec<String>> {
        let present: Vec<&str> = self
            .fields
            .entries("members")
            .into_iter()
            .filter(|id| {
                self.fields
                    .text(&format!("members.{id}.left_on"))
                    .is_empty()
            })
            .collect();
        if present.is_empty() {
            return vec![self.row(None)];
        }
        let mut present = present;
        // The head first, as a ledger has it.
        present.sort_by_key(|id| {
            let relation = self.fields.text(&format!("members.{id}.relation"));
            (relation != "0", relation)
        });
        present.iter().map(|id| self.row(Some(id))).collect()
    }

    /// Its ledger in words.
    fn ledger(&self) -> String {
        let id = choice_message_id(RecordKind::Household, "ledger", self.state);
        find_message(self.layout.options.language, &id, &[]).unwrap_or_default()
    }

    fn row(&self, member: Option<&str>) -> Vec<String> {
        [self.community.to_owned(), self.ledger()]
            .into_iter()
            .chain(
                self.layout
                    .targets
                    .iter()
                    .map(|target| self.cell(*target, member)),
            )
            .collect()
    }

    fn cell(&self, target: Target, member: Option<&str>) -> String {
        match target {
            Target::Grid => self.grid.to_owned(),
            Target::Record => self.id.map(|id| id.to_string()).unwrap_or_default(),
            Target::Member => member.unwrap_or_default().to_owned(),
            Target::HouseholdLabels => self.labels(""),
            Target::MemberLabels => member.map(|id| self.labels(id)).unwrap_or_default(),
            Target::Field(path) => {
                let path = match member {
                    Some(id) => path.replace('*', id),
                    None => path.to_owned(),
                };
                self.fields
                    .value(&path)
                    .map(|value| self.shown(target, value))
                    .unwrap_or_default()
            }
            Target::Ignored | Target::HouseholdNumber => String::new(),
        }
    }

    fn shown(&self, target: Target, value: &FieldValue) -> String {
        let Target::Field(path) = target else {
            return String::new();
        };
        let text = match value {
            FieldValue::Text(code) => {
                let id = choice_message_id(RecordKind::Household, path, code);
                let words = if is_choice(target) {
                    find_message(self.layout.options.language, &id, &[])
                } else {
                    None
                };
                words.unwrap_or_else(|| code.clone())
            }
            other => other.to_display(),
        };
        match target.spec().and_then(|spec| spec.masking) {
            Some(kind) if !self.layout.options.unmasked => kind.mask(&text),
            _ => text,
        }
    }

    /// Care groups of one person, or of the household, that have not ended.
    fn labels(&self, member: &str) -> String {
        let text = |label: &str, field: &str| self.fields.text(&format!("labels.{label}.{field}"));
        let words: Vec<String> = self
            .fields
            .entries("labels")
            .into_iter()
            .filter(|label| text(label, "member") == member && text(label, "until").is_empty())
            .map(|label| {
                let code = text(label, "group");
                let id = choice_message_id(RecordKind::Household, LABEL_GROUP, &code);
                find_message(self.layout.options.language, &id, &[]).unwrap_or(code)
            })
            .collect();
        words.join("、")
    }

    /// A point with what a map shows of a household; none without a position.
    fn feature(&self, grid: &OrgNode, row: &SnapshotRow) -> Option<String> {
        let point = self.fields.point()?;
        let title = if self.layout.options.unmasked {
            row.summary.title.clone()
        } else {
            MaskingKind::Address.mask(&row.summary.title)
        };
        let feature = json!({
            "type": "Feature",
            "id": row.record.id.to_string(),
            "geometry": { "type": "Point", "coordinates": [point.longitude, point.latitude] },
            "properties": {
                "grid": grid.code,
                "grid_name": grid.name,
                "address": title,
                "ledger": self.ledger(),
                "members": row.summary.member_count,
            },
        });
        Some(feature.to_string())
    }
}

fn is_choice(target: Target) -> bool {
    use wangge_model::document::schema::FieldType;
    target
        .spec()
        .is_some_and(|spec| matches!(spec.kind, FieldType::Choice(_)))
}
