//! What the columns of a ledger are: recognised by their headings in Chinese and
//! English, or as somebody said before.
//!
//! The collection list (`wangge_model::document::schema`) is the table: a field
//! that is added there is recognised by its label without a line here. Does not
//! own how a cell becomes a value ([`super::value`]).

use std::{
    collections::{BTreeMap, HashMap, HashSet},
    fmt,
    str::FromStr,
    sync::OnceLock,
};

use sha2::{Digest as _, Sha256};
use wangge_model::{
    RecordKind,
    document::schema::{self, FieldOwner, FieldSpec, FieldType},
    message::{Language, field_message_id, find_message, message},
    text::to_half_width,
};

use super::{
    sheet::{Row, Sheet},
    synonym::SYNONYMS,
};

/// Rows among which the headings are looked for.
const HEADING_ROWS: usize = 20;
/// Most columns of a ledger.
const MOST_COLUMNS: u16 = 500;
/// Columns that must be recognised for a row to be the headings.
const LEAST_RECOGNISED: usize = 2;
/// Numbered people of one row: 成员1姓名, 成员2姓名 and so on.
const MOST_SLOTS: u8 = 20;

/// What a column of a ledger is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Target {
    /// Nothing that is imported.
    Ignored,
    /// The grid: its code or its name.
    Grid,
    /// What the office calls the household: 户号.
    HouseholdNumber,
    /// The id of a record that exists, in a table exported before.
    Record,
    /// The id of a member, likewise.
    Member,
    /// Care groups of the household, several in one cell.
    HouseholdLabels,
    /// Care groups of the person in the row, several in one cell.
    MemberLabels,
    /// A field of the household or, with `members.*.`, of somebody in it; by
    /// its path in the collection list.
    Field(&'static str),
}

/// Words of the targets that are no fields, in templates and on the command
/// line.
const WORDS: [(&str, Target); 7] = [
    ("-", Target::Ignored),
    ("grid", Target::Grid),
    ("household", Target::HouseholdNumber),
    ("record", Target::Record),
    ("member", Target::Member),
    ("labels", Target::HouseholdLabels),
    ("members.labels", Target::MemberLabels),
];

impl Target {
    /// Every target, in the order of a table.
    pub fn all() -> impl Iterator<Item = Self> {
        WORDS
            .into_iter()
            .map(|(_, target)| target)
            .chain(household_fields().map(|spec| Self::Field(spec.path)))
    }

    /// The field's entry in the collection list, if it is one.
    pub fn spec(self) -> Option<&'static FieldSpec> {
        let Self::Field(path) = self else {
            return None;
        };
        household_fields().find(|spec| spec.path == path)
    }

    /// Whether it is about one person of the household.
    pub fn is_of_member(self) -> bool {
        match self {
            Self::Member | Self::MemberLabels => true,
            Self::Field(path) => path.starts_with("members."),
            _ => false,
        }
    }

    /// Its name for people.
    pub fn label(self, language: Language) -> String {
        let id = match self {
            Self::Ignored => "ledger-column-ignored",
            Self::Grid => "ledger-column-grid",
            Self::HouseholdNumber => "ledger-column-household",
            Self::Record => "ledger-column-record",
            Self::Member => "ledger-column-member",
            Self::HouseholdLabels => "ledger-column-household-labels",
            Self::MemberLabels => "ledger-column-member-labels",
            Self::Field(path) => {
                let id = field_message_id(RecordKind::Household, path);
                return find_message(language, &id, &[]).unwrap_or_else(|| path.to_owned());
            }
        };
        message(language, id, &[])
    }
}

impl fmt::Display for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Field(path) => f.write_str(path),
            other => f.write_str(
                WORDS
                    .iter()
                    .find(|(_, target)| target == other)
                    .map_or("-", |(word, _)| word),
            ),
        }
    }
}

/// A word that names no target.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("there is no column {0:?}")]
pub struct UnknownTarget(pub String);

impl FromStr for Target {
    type Err = UnknownTarget;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::all()
            .find(|target| target.to_string() == text)
            .ok_or_else(|| UnknownTarget(text.chars().take(40).collect()))
    }
}

/// The fields a ledger can hold: those of the household and of its members.
/// Other collections have no row of their own in a table.
pub fn household_fields() -> impl Iterator<Item = &'static FieldSpec> {
    schema::fields(RecordKind::Household).iter().filter(|spec| {
        let is_flat = !spec.path.contains('*') || spec.path.starts_with("members.*.");
        is_flat && spec.owner == FieldOwner::People && spec.kind != FieldType::RecordReference
    })
}

/// A column of one table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Column {
    /// Its place, from 0.
    pub place: u16,
    /// Its heading as written.
    pub heading: String,
    /// What it is.
    pub target: Target,
    /// Which of several people in one row it is about; 0 if there is one.
    pub slot: u8,
}

/// The columns of a table and where its rows begin.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Columns {
    /// The columns that have a heading.
    pub columns: Vec<Column>,
    /// Place, among the sheet's rows, of the first row after the headings.
    pub first_row: usize,
}

/// What somebody said before: targets by normalised heading.
pub type Mapping = BTreeMap<String, Target>;

/// Why the columns of a table are not known.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ColumnsError {
    /// No row looks like headings.
    #[error("no row of headings was found")]
    NoHeadings,
    /// Nothing says where a household is or who lives in it.
    #[error("there is no column of addresses, household numbers or names")]
    NoHouseholds,
    /// More columns than a ledger has.
    #[error("more than {MOST_COLUMNS} columns")]
    TooMany,
    /// Two columns are the same field.
    #[error("two columns are {target}: {first} and {second}")]
    Twice {
        /// What both are.
        target: Target,
        /// Heading of the first.
        first: String,
        /// Heading of the second.
        second: String,
    },
}

impl ColumnsError {
    /// Stable name of the error.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::NoHeadings => "ledger_no_headings",
            Self::NoHouseholds => "ledger_no_households",
            Self::TooMany => "ledger_too_many_columns",
            Self::Twice { .. } => "ledger_column_twice",
        }
    }
}

/// A heading as it is compared: half-width, lower case, without spaces, marks
/// and what stands in brackets.
pub fn normalise_heading(text: &str) -> String {
    let mut depth = 0_u32;
    to_half_width(text)
        .to_lowercase()
        .chars()
        .filter(|character| match character {
            '(' | '[' | '【' | '〔' => {
                depth += 1;
                false
            }
            ')' | ']' | '】' | '〕' => {
                depth = depth.saturating_sub(1);
                false
            }
            other => depth == 0 && (other.is_alphanumeric() || *other == '#'),
        })
        .collect()
}

/// Targets by normalised heading: labels of the collection list in both
/// languages, paths, and what offices write instead.
fn known_headings() -> &'static HashMap<String, Target> {
    static KNOWN: OnceLock<HashMap<String, Target>> = OnceLock::new();
    KNOWN.get_or_init(|| {
        let mut known = HashMap::new();
        for (word, text) in SYNONYMS {
            if let Ok(target) = text.parse() {
                known.insert(normalise_heading(word), target);
            }
        }
        for target in Target::all() {
            // What a heading means by itself is not changed by a synonym, and
            // of two fields with one label the household's comes first.
            for language in Language::ALL {
                let label = normalise_heading(&target.label(language));
                known.entry(label).or_insert(target);
            }
            known
                .entry(normalise_heading(&target.to_string()))
                .or_insert(target);
        }
        known
    })
}

/// What a heading means, with the heading above it if that spans several.
fn recognise(heading: &str, above: Option<&str>, mapping: &Mapping) -> (Option<Target>, u8) {
    let known = known_headings();
    let find = |text: &str| mapping.get(text).or_else(|| known.get(text)).copied();
    let own = normalise_heading(heading);
    let joined = above.map(|above| format!("{}{own}", normalise_heading(above)));
    for text in joined.iter().chain([&own]) {
        if let Some(target) = find(text) {
            return (Some(target), 0);
        }
        // 成员2姓名: a number in the heading says which person of the row.
        let digits: String = text.chars().filter(char::is_ascii_digit).collect();
        let bare: String = text.chars().filter(|c| !c.is_ascii_digit()).collect();
        if let Ok(slot @ 1..=MOST_SLOTS) = digits.parse::<u8>()
            && let Some(target) = find(&bare).filter(|target| target.is_of_member())
        {
            return (Some(target), slot);
        }
    }
    (None, 0)
}

impl Columns {
    /// Finds the headings of a sheet and what they mean. `mapping` is asked
    /// first.
    pub fn find(sheet: &Sheet, mapping: &Mapping) -> Result<Self, ColumnsError> {
        match Self::look(sheet, mapping)? {
            (found, None) => Ok(found),
            (_, Some(problem)) => Err(problem),
        }
    }

    /// Like [`Self::find`], but answers columns that will not do as well, with
    /// what is wrong about them, so that somebody can say what they are. Where
    /// no row looks like headings, the first with several cells is taken for
    /// them.
    pub fn look(
        sheet: &Sheet,
        mapping: &Mapping,
    ) -> Result<(Self, Option<ColumnsError>), ColumnsError> {
        let mut best: Option<(usize, Self)> = None;
        let mut guess: Option<Self> = None;
        for place in 0..sheet.len().min(HEADING_ROWS) {
            let Some(row) = sheet.row(place) else {
                break;
            };
            let above = place.checked_sub(1).and_then(|place| sheet.row(place));
            let columns = Self::of_row(sheet, row, above, mapping)?;
            let recognised: HashSet<Target> = columns
                .iter()
                .map(|column| column.target)
                .filter(|target| *target != Target::Ignored)
                .collect();
            let count = recognised.len();
            let found = Self {
                columns,
                first_row: place + 1,
            };
            if guess.is_none() && row.cells().nth(LEAST_RECOGNISED - 1).is_some() {
                guess = Some(found.clone());
            }
            if count >= LEAST_RECOGNISED && best.as_ref().is_none_or(|(most, _)| count > *most) {
                best = Some((count, found));
            }
        }
        let Some((_, mut found)) = best else {
            let guess = guess.ok_or(ColumnsError::NoHeadings)?;
            return Ok((guess, Some(ColumnsError::NoHeadings)));
        };
        found.settle(mapping);
        let problem = found.check().err();
        Ok((found, problem))
    }

    /// Whether the first rows of a sheet hold the headings of a ledger.
    pub fn is_ledger(sheet: &Sheet) -> bool {
        Self::find(sheet, &Mapping::new()).is_ok()
    }

    fn of_row(
        sheet: &Sheet,
        row: Row<'_>,
        above: Option<Row<'_>>,
        mapping: &Mapping,
    ) -> Result<Vec<Column>, ColumnsError> {
        let mut columns = Vec::new();
        // A heading merged down over two rows is in both; one in the upper row
        // only counts too.
        let mut places: Vec<(u16, &str)> =
            row.cells().map(|cell| (cell.column, cell.text)).collect();
        if let Some(above) = above {
            let own: HashSet<u16> = places.iter().map(|(place, _)| *place).collect();
            places.extend(
                above
                    .cells()
                    .filter(|cell| !own.contains(&cell.column))
                    .map(|cell| (cell.column, cell.text)),
            );
        }
        places.sort_unstable();
        for (place, heading) in places {
            if place >= MOST_COLUMNS {
                return Err(ColumnsError::TooMany);
            }
            let spanning = above.and_then(|above| {
                let span = sheet.spans.iter().find(|span| {
                    span.row == above.number && (span.first..=span.last).contains(&place)
                })?;
                above.cell(span.first).map(|cell| cell.text)
            });
            let (target, slot) = recognise(heading, spanning, mapping);
            columns.push(Column {
                place,
                heading: heading
                    .chars()
                    .filter(|c| !c.is_control())
                    .take(60)
                    .collect(),
                target: target.unwrap_or(Target::Ignored),
                slot,
            });
        }
        Ok(columns)
    }

    /// In a table of people a telephone is theirs, unless somebody said
    /// otherwise or there is another column for it.
    fn settle(&mut self, mapping: &Mapping) {
        let has = |columns: &[Column], path| {
            columns
                .iter()
                .any(|column| column.target == Target::Field(path))
        };
        let is_of_people = has(&self.columns, "members.*.name")
            && !has(&self.columns, "contact.name")
            && !has(&self.columns, "members.*.phone");
        if !is_of_people {
            return;
        }
        for column in &mut self.columns {
            let was_said = mapping.contains_key(&normalise_heading(&column.heading));
            if column.target == Target::Field("contact.phone") && !was_said {
                column.target = Target::Field("members.*.phone");
            }
        }
    }

    fn check(&self) -> Result<(), ColumnsError> {
        let mut seen: HashMap<(Target, u8), &Column> = HashMap::new();
        for column in &self.columns {
            if column.target == Target::Ignored {
                continue;
            }
            if let Some(first) = seen.insert((column.target, column.slot), column) {
                return Err(ColumnsError::Twice {
                    target: column.target,
                    first: first.heading.clone(),
                    second: column.heading.clone(),
                });
            }
        }
        let says_where = seen.keys().any(|(target, _)| match target {
            Target::Record | Target::HouseholdNumber => true,
            Target::Field(path) => path.starts_with("address."),
            _ => false,
        });
        if says_where {
            Ok(())
        } else {
            Err(ColumnsError::NoHouseholds)
        }
    }

    /// The column of a target.
    pub fn of(&self, target: Target) -> Option<&Column> {
        self.columns.iter().find(|column| column.target == target)
    }

    /// The mapping these columns are, to be remembered.
    pub fn to_mapping(&self) -> Mapping {
        self.columns
            .iter()
            .filter(|column| column.slot == 0)
            .map(|column| (normalise_heading(&column.heading), column.target))
            .collect()
    }

    /// What the headings are, whatever they mean: tables of one template have
    /// the same.
    pub fn fingerprint(&self) -> [u8; 32] {
        let mut hash = Sha256::new();
        for column in &self.columns {
            hash.update(normalise_heading(&column.heading));
            hash.update([0]);
        }
        hash.finalize().into()
    }
}

/// The letters of a column, as workbooks name it: A, B, …, Z, AA.
pub fn letters(place: u16) -> String {
    let mut letters = Vec::new();
    let mut rest = u32::from(place) + 1;
    while rest > 0 {
        let digit = u8::try_from((rest - 1) % 26).unwrap_or(0);
        letters.push(char::from(b'A' + digit));
        rest = (rest - 1) / 26;
    }
    letters.iter().rev().collect()
}
