//! What an import has to say about rows and cells, before anything is written:
//! errors, possible duplicates, notes. Values are masked where they are
//! remarked upon, so that a report can be handed on.

use std::io::{self, Write};

use wangge_model::{
    MaskingKind,
    message::{Language, message},
};

use super::{
    column::{Column, Target, letters},
    table::CsvWriter,
    value::CellError,
};

/// Remarks kept; the rest are counted.
const MOST_KEPT: usize = 50_000;
/// Longest value shown, in characters.
const VALUE_CHARS: usize = 40;
/// Digits in a row from which a value is masked, whatever its column: a number
/// in the wrong column is still somebody's.
const LONG_NUMBER: usize = 7;

/// How serious a remark is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Severity {
    /// The household is held back.
    Error,
    /// Two may be the same; the import goes by what was chosen.
    Duplicate,
    /// Worth knowing.
    Note,
}

impl Severity {
    /// Message id of its name.
    pub const fn message_id(self) -> &'static str {
        match self {
            Self::Error => "ledger-severity-error",
            Self::Duplicate => "ledger-severity-duplicate",
            Self::Note => "ledger-severity-note",
        }
    }
}

/// What is remarked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Reason {
    /// A cell is not a value of its field.
    Cell(CellError),
    /// The same person with the same values as in that row; left out.
    RepeatedRow(u32),
    /// The same person is in another household of the file.
    PersonInFile(u32),
    /// Another household of the file has the same address.
    AddressInFile(u32),
    /// The register has a household of this address, by its masked title.
    HouseholdInRegister(String),
    /// The register has this person in another household, by its masked title.
    PersonInRegister(String),
    /// A total or a signature, no row of the ledger.
    NotARow,
    /// An identity number of 15 digits was converted to one of 18.
    Converted,
}

impl Reason {
    /// How serious it is.
    pub const fn severity(&self) -> Severity {
        match self {
            Self::Cell(_) => Severity::Error,
            Self::PersonInFile(_)
            | Self::AddressInFile(_)
            | Self::HouseholdInRegister(_)
            | Self::PersonInRegister(_) => Severity::Duplicate,
            Self::RepeatedRow(_) | Self::NotARow | Self::Converted => Severity::Note,
        }
    }

    /// It in words.
    pub fn text(&self, language: Language) -> String {
        let say = |id: &str, name: &str, value: &str| message(language, id, &[(name, value)]);
        match self {
            Self::Cell(error) => error.text(language),
            Self::RepeatedRow(row) => say("ledger-remark-repeated", "row", &row.to_string()),
            Self::PersonInFile(row) => say("ledger-remark-person-file", "row", &row.to_string()),
            Self::AddressInFile(row) => say("ledger-remark-address-file", "row", &row.to_string()),
            Self::HouseholdInRegister(title) => {
                say("ledger-remark-household-register", "title", title)
            }
            Self::PersonInRegister(title) => say("ledger-remark-person-register", "title", title),
            Self::NotARow => message(language, "ledger-remark-not-a-row", &[]),
            Self::Converted => message(language, "ledger-remark-converted", &[]),
        }
    }
}

/// One remark.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Remark {
    /// Number of the row, from 1.
    pub row: u32,
    /// The column's place, if it is about a cell.
    pub column: Option<u16>,
    /// The column's heading.
    pub heading: String,
    /// The cell's value, masked.
    pub value: String,
    /// What is remarked.
    pub reason: Reason,
}

impl Remark {
    /// About a row as a whole.
    pub fn on_row(row: u32, reason: Reason) -> Self {
        Self {
            row,
            column: None,
            heading: String::new(),
            value: String::new(),
            reason,
        }
    }

    /// About a cell.
    pub fn on_cell(row: u32, column: &Column, value: &str, reason: Reason) -> Self {
        Self {
            row,
            column: Some(column.place),
            heading: column.heading.clone(),
            value: masked(column.target, value),
            reason,
        }
    }

    /// The column as workbooks name it; empty for a whole row.
    pub fn column_letters(&self) -> String {
        self.column.map(letters).unwrap_or_default()
    }
}

/// A value as a report may show it.
fn masked(target: Target, value: &str) -> String {
    let value: String = value
        .chars()
        .map(|c| if c.is_control() { ' ' } else { c })
        .collect();
    let kind = target.spec().and_then(|spec| spec.masking);
    let shown = match kind {
        Some(kind) => kind.mask(&value),
        None if has_long_number(&value) => MaskingKind::CitizenIdLevel2.mask(&value),
        None => value,
    };
    match shown.char_indices().nth(VALUE_CHARS) {
        Some((end, _)) => format!("{}…", shown.get(..end).unwrap_or_default()),
        None => shown,
    }
}

fn has_long_number(value: &str) -> bool {
    let mut digits = 0;
    value.chars().any(|character| {
        digits = if character.is_ascii_digit() || matches!(character, '０'..='９') {
            digits + 1
        } else {
            0
        };
        digits >= LONG_NUMBER
    })
}

/// All remarks of one import, and how many there are of each severity.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Remarks {
    /// In the order they were made, up to [`MOST_KEPT`].
    pub kept: Vec<Remark>,
    /// Errors.
    pub errors: u64,
    /// Possible duplicates.
    pub duplicates: u64,
    /// Notes.
    pub notes: u64,
}

impl Remarks {
    /// Adds one.
    pub fn push(&mut self, remark: Remark) {
        match remark.reason.severity() {
            Severity::Error => self.errors += 1,
            Severity::Duplicate => self.duplicates += 1,
            Severity::Note => self.notes += 1,
        }
        if self.kept.len() < MOST_KEPT {
            self.kept.push(remark);
        }
    }

    /// Adds many.
    pub fn extend(&mut self, remarks: impl IntoIterator<Item = Remark>) {
        for remark in remarks {
            self.push(remark);
        }
    }

    /// Remarks made, kept or not.
    pub const fn total(&self) -> u64 {
        self.errors + self.duplicates + self.notes
    }

    /// Sorts by row and column.
    pub fn sort(&mut self) {
        self.kept.sort_by_key(|remark| (remark.row, remark.column));
    }

    /// Writes the report: one line for each remark, headings in both languages,
    /// the reason in both.
    pub fn write(&self, out: impl Write) -> io::Result<()> {
        let mut csv = CsvWriter::new(out)?;
        let headings = [
            "ledger-report-row",
            "ledger-report-column",
            "ledger-report-heading",
            "ledger-report-value",
            "ledger-report-severity",
        ];
        let both = |id: &str| {
            let [chinese, english] =
                [Language::Chinese, Language::English].map(|language| message(language, id, &[]));
            format!("{chinese} {english}")
        };
        let mut line: Vec<String> = headings.iter().map(|id| both(id)).collect();
        line.extend(
            [Language::Chinese, Language::English]
                .map(|language| message(language, "ledger-report-reason", &[])),
        );
        csv.write_row(&line)?;
        for remark in &self.kept {
            csv.write_row(&[
                remark.row.to_string(),
                remark.column_letters(),
                remark.heading.clone(),
                remark.value.clone(),
                both(remark.reason.severity().message_id()),
                remark.reason.text(Language::Chinese),
                remark.reason.text(Language::English),
            ])?;
        }
        csv.finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_report_shows_nobodys_number() {
        let spec = |path| Target::Field(path);
        assert_eq!(
            masked(spec("members.*.citizen_id"), "11010519491231002X"),
            "110105********002X"
        );
        assert_eq!(masked(spec("members.*.phone"), "1380013800"), "1********0");
        assert_eq!(masked(spec("members.*.name"), "王小明"), "王**");
        assert_eq!(masked(spec("address.room"), "13800138000"), "1*********0");
        assert_eq!(masked(Target::Grid, "第一网格"), "第一网格");
        assert_eq!(masked(spec("ledger"), &"长".repeat(60)).chars().count(), 41);
    }
}
