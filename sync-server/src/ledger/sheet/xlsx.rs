//! Workbooks (XLSX).

use std::{
    fs::File,
    io::{self, BufReader, Read, Seek as _},
};

use calamine::{DataRef, Reader as _, SheetType, SheetVisible, Xlsx, XlsxError};
use zip::ZipArchive;

use super::{Builder, CellKind, Limits, Packed, Sheet, SheetError, Span, Stop};

/// Rows looked at to see whether a sheet is the one that is wanted; headings of
/// ledgers are within them.
pub(in crate::ledger) const FIRST_ROWS: u32 = 30;
/// Files of one archive; a workbook of many sheets has a hundred.
const MOST_FILES: usize = 10_000;
/// Merged areas of one sheet: a ledger merges a cell or two for each household.
const MOST_AREAS: usize = 2_000_000;

type Workbook = Xlsx<BufReader<File>>;

pub(super) fn read(
    file: &mut File,
    sheet: Option<&str>,
    limits: &Limits,
    is_wanted: &dyn Fn(&Sheet) -> bool,
    stop: Stop<'_>,
) -> Result<Sheet, SheetError> {
    measure(file, limits, stop)?;
    file.rewind()?;
    let mut workbook: Workbook = Xlsx::new(BufReader::new(file.try_clone()?)).map_err(damaged)?;
    let names: Vec<String> = workbook
        .sheets_metadata()
        .iter()
        .filter(|sheet| sheet.typ == SheetType::WorkSheet)
        .filter(|one| sheet.is_some() || one.visible == SheetVisible::Visible)
        .map(|sheet| sheet.name.clone())
        .collect();
    let name = match sheet {
        Some(wanted) => names
            .iter()
            .find(|name| name.as_str() == wanted)
            .ok_or_else(|| SheetError::NoSheet(wanted.chars().take(40).collect()))?,
        None => choose(&mut workbook, &names, limits, is_wanted, stop)?,
    };
    read_sheet(&mut workbook, name, None, limits, stop)
}

/// The first sheet that is wanted, or else the first.
fn choose<'a>(
    workbook: &mut Workbook,
    names: &'a [String],
    limits: &Limits,
    is_wanted: &dyn Fn(&Sheet) -> bool,
    stop: Stop<'_>,
) -> Result<&'a String, SheetError> {
    for name in names.iter().take(if names.len() > 1 { 50 } else { 0 }) {
        let start = read_sheet(workbook, name, Some(FIRST_ROWS), limits, stop)?;
        if is_wanted(&start) {
            return Ok(name);
        }
    }
    names
        .first()
        .ok_or_else(|| SheetError::Damaged("no sheets".to_owned()))
}

/// Inflates what is going to be read and throws it away, counting: what an
/// archive says of its own sizes may be a lie.
fn measure(file: &mut File, limits: &Limits, stop: Stop<'_>) -> Result<(), SheetError> {
    let broken = |error: zip::result::ZipError| SheetError::Damaged(short(&error));
    let mut archive = ZipArchive::new(BufReader::new(file)).map_err(broken)?;
    if archive.len() > MOST_FILES {
        return Err(SheetError::TooLarge {
            what: "files",
            limit: MOST_FILES as u64,
        });
    }
    let mut left = limits.inflated_bytes;
    for place in 0..archive.len() {
        let entry = archive.by_index(place).map_err(broken)?;
        let name = entry.name().map_err(broken)?.to_ascii_lowercase();
        // Pictures are never read.
        let is_table = [".xml", ".rels"]
            .iter()
            .any(|ending| name.ends_with(ending));
        if !is_table {
            continue;
        }
        let is_held = !name.contains("worksheets/");
        let most = if is_held {
            left.min(limits.strings_bytes)
        } else {
            left
        };
        let mut counted = Counted {
            source: entry.take(most + 1),
            bytes: 0,
            stop,
        };
        match io::copy(&mut counted, &mut io::sink()) {
            Ok(_) => {}
            Err(error) if error.kind() == io::ErrorKind::TimedOut => {
                return Err(SheetError::TimedOut);
            }
            Err(error) => return Err(SheetError::Damaged(short(&error))),
        }
        if counted.bytes > most {
            return Err(SheetError::TooLarge {
                what: "bytes",
                limit: most,
            });
        }
        left -= counted.bytes;
    }
    Ok(())
}

struct Counted<'a, R> {
    source: R,
    bytes: u64,
    stop: Stop<'a>,
}

impl<R: Read> Read for Counted<'_, R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if (self.stop)() {
            return Err(io::ErrorKind::TimedOut.into());
        }
        let count = self.source.read(buffer)?;
        self.bytes += count as u64;
        Ok(count)
    }
}

/// A merged area while its rows are read.
#[derive(Debug, Clone, Copy)]
struct Area {
    first_row: u32,
    last_row: u32,
    first_column: u32,
    last_column: u32,
    /// The cell in its corner, once read.
    value: Option<Packed>,
}

fn read_sheet(
    workbook: &mut Workbook,
    name: &str,
    rows: Option<u32>,
    limits: &Limits,
    stop: Stop<'_>,
) -> Result<Sheet, SheetError> {
    let is_1904 = workbook.has_1904_epoch();
    let mut areas = list_areas(workbook, name)?;
    let mut builder = Builder::new(limits, stop);
    name.clone_into(&mut builder.sheet.name);
    builder.sheet.is_1904 = is_1904;
    builder.sheet.spans = areas
        .iter()
        .filter(|area| area.first_row < FIRST_ROWS && area.first_column < area.last_column)
        .map(|area| Span {
            row: area.first_row + 1,
            first: column(area.first_column),
            last: column(area.last_column),
        })
        .collect();
    // Only what goes over several rows fills cells below.
    areas.retain(|area| area.first_row < area.last_row);
    areas.sort_unstable_by_key(|area| area.first_row);
    let mut reader = workbook.worksheet_cells_reader(name).map_err(damaged)?;
    let mut merged = Merged {
        areas,
        next: 0,
        open: Vec::new(),
    };
    let mut present: Option<u32> = None;
    let mut text = String::new();
    while let Some(cell) = reader.next_cell().map_err(damaged)? {
        builder.count()?;
        let (row, at) = cell.get_position();
        if present != Some(row) {
            if let Some(before) = present {
                merged.end_row(&mut builder, before)?;
                if row < before {
                    return Err(SheetError::Damaged("rows are out of order".to_owned()));
                }
            }
            if rows.is_some_and(|rows| row >= rows) {
                return Ok(builder.finish());
            }
            present = Some(row);
        }
        text.clear();
        if let Some(kind) = describe(cell.get_value(), &mut text) {
            builder.put(at, kind, &text)?;
        }
    }
    if let Some(last) = present {
        merged.end_row(&mut builder, last)?;
    }
    Ok(builder.finish())
}

fn list_areas(workbook: &mut Workbook, name: &str) -> Result<Vec<Area>, SheetError> {
    let found = workbook.merge_cells_by_sheet_name(name).map_err(damaged)?;
    if found.len() > MOST_AREAS {
        return Err(SheetError::TooLarge {
            what: "areas",
            limit: MOST_AREAS as u64,
        });
    }
    Ok(found
        .iter()
        .map(|area| Area {
            first_row: area.start.0,
            last_row: area.end.0,
            first_column: area.start.1,
            last_column: area.end.1,
            value: None,
        })
        .collect())
}

/// Merged areas, in the order of their first rows.
struct Merged {
    areas: Vec<Area>,
    next: usize,
    open: Vec<Area>,
}

impl Merged {
    /// Fills cells of this row that lie under a merged one, and ends the row.
    /// Only the first column of an area is filled: one that is merged sideways
    /// too does not say the same of two columns.
    fn end_row(&mut self, builder: &mut Builder<'_>, row: u32) -> Result<(), SheetError> {
        self.open.retain(|area| area.last_row >= row);
        while let Some(area) = self
            .areas
            .get(self.next)
            .filter(|area| area.first_row <= row)
        {
            if area.last_row >= row {
                self.open.push(*area);
            }
            self.next += 1;
        }
        for area in &mut self.open {
            let at = column(area.first_column);
            if area.first_row == row {
                area.value = builder.in_row(at);
            } else if let Some(value) = area.value
                && builder.in_row(at).is_none()
            {
                builder.count()?;
                builder.sheet.cells.push(Packed {
                    column: at,
                    ..value
                });
            }
        }
        builder.end_row(row + 1);
        Ok(())
    }
}

/// Columns beyond the last one there can be are all that one.
fn column(at: u32) -> u16 {
    u16::try_from(at).unwrap_or(u16::MAX)
}

/// Writes a cell's text and answers its kind; `None` for an empty one.
#[expect(
    clippy::match_same_arms,
    reason = "numbers and texts come as different types"
)]
fn describe(value: &DataRef<'_>, text: &mut String) -> Option<CellKind> {
    use std::fmt::Write as _;
    // Writing to a string does not fail.
    let kind = match value {
        DataRef::Empty => return None,
        DataRef::Int(number) => {
            let _ = write!(text, "{number}");
            CellKind::Number
        }
        DataRef::Float(number) => {
            let _ = write!(text, "{number}");
            CellKind::Number
        }
        DataRef::String(content) => {
            text.push_str(content);
            CellKind::Text
        }
        DataRef::SharedString(content) => {
            text.push_str(content);
            CellKind::Text
        }
        DataRef::Bool(flag) => {
            text.push(if *flag { '1' } else { '0' });
            CellKind::Flag
        }
        DataRef::DateTime(moment) if moment.is_datetime() && moment.as_f64() >= 1.0 => {
            let (year, month, day, hour, minute, second, _) = moment.to_ymd_hms_milli();
            let _ = write!(text, "{year:04}-{month:02}-{day:02}");
            if (hour, minute, second) != (0, 0, 0) {
                let _ = write!(text, " {hour:02}:{minute:02}:{second:02}");
            }
            CellKind::Date
        }
        DataRef::DateTime(moment) => {
            let _ = write!(text, "{}", moment.as_f64());
            CellKind::Number
        }
        DataRef::DateTimeIso(content) => {
            text.push_str(&content.replace('T', " "));
            CellKind::Date
        }
        DataRef::DurationIso(content) => {
            text.push_str(content);
            CellKind::Text
        }
        DataRef::Error(error) => {
            let _ = write!(text, "{error}");
            CellKind::Error
        }
    };
    Some(kind)
}

#[expect(clippy::needless_pass_by_value, reason = "takes what `map_err` gives")]
fn damaged(error: XlsxError) -> SheetError {
    SheetError::Damaged(short(&error))
}

/// An error of a library in a few words.
fn short(error: &dyn std::fmt::Display) -> String {
    error.to_string().chars().take(120).collect()
}
