//! Tables from files that offices send: workbooks (XLSX) and text (CSV), as
//! rows of cells. Bounded in bytes, cells and time, whatever the file claims.
//!
//! Owns reading cells as they are: text, numbers, dates, merged areas. Does not
//! own what they mean ([`super::column`], [`super::value`]).

mod csv;
mod xlsx;

use std::{
    fs::File,
    io::{self, Read as _, Seek as _},
    path::Path,
};

/// What kind of value a cell holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CellKind {
    /// Text, as typed.
    Text,
    /// A number, written without an exponent.
    Number,
    /// A number that the workbook shows as a date: `YYYY-MM-DD`.
    Date,
    /// Yes or no: `1` or `0`.
    Flag,
    /// A formula that failed, such as `#N/A`.
    Error,
}

/// One cell that is not empty.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Cell<'a> {
    /// Its column, from 0.
    pub column: u16,
    /// What it holds.
    pub kind: CellKind,
    /// Its text.
    pub text: &'a str,
}

#[derive(Debug, Clone, Copy)]
struct Packed {
    start: u32,
    end: u32,
    column: u16,
    kind: CellKind,
}

#[derive(Debug, Clone, Copy)]
struct Line {
    number: u32,
    cells_end: u32,
}

/// A cell that is merged with those to its right.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Span {
    /// Number of its first row in the file, from 1.
    pub row: u32,
    /// Its first column.
    pub first: u16,
    /// Its last column.
    pub last: u16,
}

/// A table: its rows in order, empty ones left out. All text lies in one piece,
/// so that a hundred thousand rows cost little more than their letters.
#[derive(Debug, Default)]
pub struct Sheet {
    /// Its name; empty in text files.
    pub name: String,
    /// Dates in the workbook count from 1904.
    pub is_1904: bool,
    /// Cells among the first rows that are merged sideways: headings of
    /// several columns. What is merged downwards is in every row.
    pub spans: Vec<Span>,
    text: String,
    cells: Vec<Packed>,
    lines: Vec<Line>,
}

/// One row.
#[derive(Debug, Clone, Copy)]
pub struct Row<'a> {
    /// Its number in the file, from 1.
    pub number: u32,
    sheet: &'a Sheet,
    cells: &'a [Packed],
}

impl<'a> Row<'a> {
    /// Its cells, by column.
    pub fn cells(self) -> impl Iterator<Item = Cell<'a>> {
        self.cells.iter().map(move |packed| self.sheet.cell(packed))
    }

    /// The cell in a column, if it is not empty.
    pub fn cell(self, column: u16) -> Option<Cell<'a>> {
        let place = self
            .cells
            .binary_search_by_key(&column, |packed| packed.column)
            .ok()?;
        self.cells.get(place).map(|packed| self.sheet.cell(packed))
    }
}

impl Sheet {
    /// Number of rows.
    pub fn len(&self) -> usize {
        self.lines.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.lines.is_empty()
    }

    /// The row at a place among those that are not empty.
    pub fn row(&self, place: usize) -> Option<Row<'_>> {
        let line = self.lines.get(place)?;
        let start = match place.checked_sub(1) {
            Some(before) => self.lines.get(before)?.cells_end,
            None => 0,
        };
        Some(Row {
            number: line.number,
            sheet: self,
            cells: self
                .cells
                .get(start as usize..line.cells_end as usize)
                .unwrap_or_default(),
        })
    }

    /// All rows.
    pub fn rows(&self) -> impl Iterator<Item = Row<'_>> {
        (0..self.len()).filter_map(|place| self.row(place))
    }

    fn cell(&self, packed: &Packed) -> Cell<'_> {
        Cell {
            column: packed.column,
            kind: packed.kind,
            text: self
                .text
                .get(packed.start as usize..packed.end as usize)
                .unwrap_or_default(),
        }
    }
}

/// How much is read at most. Told to whoever asks for too much.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Bytes of the file.
    pub file_bytes: u64,
    /// Bytes of its tables once inflated.
    pub inflated_bytes: u64,
    /// Bytes of the workbook's list of strings once inflated, which is held.
    pub strings_bytes: u64,
    /// Cells, empty ones that the file lists too.
    pub cells: u64,
    /// Bytes of text in cells.
    pub text_bytes: usize,
    /// Bytes of one cell.
    pub cell_bytes: usize,
}

impl Limits {
    /// At the server's command line: a county's ledgers in one file.
    pub const COMMAND: Self = Self {
        file_bytes: 512 << 20,
        inflated_bytes: 3 << 30,
        strings_bytes: 512 << 20,
        cells: 40_000_000,
        text_bytes: 1 << 30,
        cell_bytes: 64 << 10,
    };
    /// Through the console, beside phones that sync.
    pub const CONSOLE: Self = Self {
        file_bytes: 32 << 20,
        inflated_bytes: 512 << 20,
        strings_bytes: 64 << 20,
        cells: 6_000_000,
        text_bytes: 128 << 20,
        cell_bytes: 64 << 10,
    };
}

/// Why a file cannot be read as a table.
#[derive(Debug, thiserror::Error)]
pub enum SheetError {
    /// The file cannot be read.
    #[error("cannot read the file: {0}")]
    File(#[from] io::Error),
    /// Neither XLSX nor CSV, going by its content.
    #[error("neither XLSX nor CSV")]
    UnknownFormat,
    /// An old workbook (XLS).
    #[error("an old workbook (XLS)")]
    OldWorkbook,
    /// A workbook that is damaged or locked with a password.
    #[error("the workbook cannot be read: {0}")]
    Damaged(String),
    /// No sheet of this name.
    #[error("no sheet {0:?}")]
    NoSheet(String),
    /// Text in an encoding that is neither UTF-8 nor GBK nor UTF-16.
    #[error("the text's encoding is not known")]
    Encoding,
    /// More of something than is read.
    #[error("too large: more than {limit} {what}")]
    TooLarge {
        /// `bytes`, `cells`, `text` or `columns`.
        what: &'static str,
        /// The limit.
        limit: u64,
    },
    /// It took too long.
    #[error("reading took too long")]
    TimedOut,
}

impl SheetError {
    /// Stable name of the error.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::File(_) => "ledger_file",
            Self::UnknownFormat => "ledger_unknown_format",
            Self::OldWorkbook => "ledger_old_workbook",
            Self::Damaged(_) => "ledger_damaged",
            Self::NoSheet(_) => "ledger_no_sheet",
            Self::Encoding => "ledger_encoding",
            Self::TooLarge { .. } => "ledger_too_large",
            Self::TimedOut => "ledger_timed_out",
        }
    }
}

/// Asked now and then while reading; `true` ends it with
/// [`SheetError::TimedOut`].
pub type Stop<'a> = &'a (dyn Fn() -> bool + Sync);

/// Reads the table of a file: of a workbook the sheet of this name, or else the
/// first of which `is_wanted` likes the first rows, or else the first.
pub fn read(
    file: &mut File,
    sheet: Option<&str>,
    limits: &Limits,
    is_wanted: &dyn Fn(&Sheet) -> bool,
    stop: Stop<'_>,
) -> Result<Sheet, SheetError> {
    let length = file.metadata()?.len();
    if length > limits.file_bytes {
        return Err(SheetError::TooLarge {
            what: "bytes",
            limit: limits.file_bytes,
        });
    }
    file.rewind()?;
    let mut start = [0; 8];
    let mut taken = 0;
    while let Some(rest) = start.get_mut(taken..).filter(|rest| !rest.is_empty()) {
        match file.read(rest)? {
            0 => break,
            count => taken += count,
        }
    }
    file.rewind()?;
    match start {
        // A ZIP archive, which a workbook is.
        [b'P', b'K', 3, 4, ..] => xlsx::read(file, sheet, limits, is_wanted, stop),
        // A compound file: XLS, or a workbook locked with a password.
        [0xD0, 0xCF, 0x11, 0xE0, ..] => Err(SheetError::OldWorkbook),
        _ => csv::read(file, limits, stop),
    }
}

/// Opens and reads; see [`read`].
pub fn read_path(
    path: &Path,
    sheet: Option<&str>,
    limits: &Limits,
    is_wanted: &dyn Fn(&Sheet) -> bool,
    stop: Stop<'_>,
) -> Result<Sheet, SheetError> {
    read(&mut File::open(path)?, sheet, limits, is_wanted, stop)
}

/// Puts a sheet together cell by cell, within limits.
struct Builder<'a> {
    sheet: Sheet,
    limits: &'a Limits,
    stop: Stop<'a>,
    seen: u64,
}

/// Cells between two looks at the clock.
const CELLS_BETWEEN_LOOKS: u64 = 4_096;

impl<'a> Builder<'a> {
    fn new(limits: &'a Limits, stop: Stop<'a>) -> Self {
        Self {
            sheet: Sheet::default(),
            limits,
            stop,
            seen: 0,
        }
    }

    /// Counts a cell that was read, also if it is empty.
    fn count(&mut self) -> Result<(), SheetError> {
        self.seen += 1;
        if self.seen > self.limits.cells {
            return Err(SheetError::TooLarge {
                what: "cells",
                limit: self.limits.cells,
            });
        }
        if self.seen.is_multiple_of(CELLS_BETWEEN_LOOKS) && (self.stop)() {
            return Err(SheetError::TimedOut);
        }
        Ok(())
    }

    /// Adds a cell to the row being put together; empty text is no cell.
    fn put(&mut self, column: u32, kind: CellKind, text: &str) -> Result<(), SheetError> {
        let text = text.trim_matches(is_blank);
        if text.is_empty() {
            return Ok(());
        }
        let Ok(column) = u16::try_from(column) else {
            return Err(SheetError::TooLarge {
                what: "columns",
                limit: u64::from(u16::MAX),
            });
        };
        let room = self.limits.text_bytes.min(u32::MAX as usize);
        if text.len() > self.limits.cell_bytes || self.sheet.text.len() + text.len() > room {
            return Err(SheetError::TooLarge {
                what: "text",
                limit: if text.len() > self.limits.cell_bytes {
                    self.limits.cell_bytes as u64
                } else {
                    room as u64
                },
            });
        }
        let start = offset(self.sheet.text.len());
        self.sheet.text.push_str(text);
        self.sheet.cells.push(Packed {
            start,
            end: offset(self.sheet.text.len()),
            column,
            kind,
        });
        Ok(())
    }

    /// The cell at a column of the row being put together.
    fn in_row(&self, column: u16) -> Option<Packed> {
        let start = self.sheet.lines.last().map_or(0, |line| line.cells_end);
        let row = self.sheet.cells.get(start as usize..)?;
        row.iter().find(|cell| cell.column == column).copied()
    }

    /// Ends the row being put together; one without cells is left out.
    fn end_row(&mut self, number: u32) {
        let cells_end = offset(self.sheet.cells.len());
        let before = self.sheet.lines.last().map_or(0, |line| line.cells_end);
        if cells_end == before {
            return;
        }
        if let Some(row) = self.sheet.cells.get_mut(before as usize..) {
            row.sort_by_key(|cell| cell.column);
        }
        self.sheet.lines.push(Line { number, cells_end });
    }

    fn finish(self) -> Sheet {
        self.sheet
    }
}

/// Offsets fit: text and cells are limited well below 2^32.
fn offset(length: usize) -> u32 {
    u32::try_from(length).unwrap_or(u32::MAX)
}

/// What surrounds a value without meaning anything: spaces of every kind, the
/// tab that keeps digits text in a CSV file, marks without width.
pub(super) fn is_blank(character: char) -> bool {
    character.is_whitespace() || matches!(character, '\u{FEFF}' | '\u{200B}' | '\u{2060}')
}
