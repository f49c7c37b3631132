//! Tables that leave the server: CSV and XLSX, written row by row.
//!
//! Every cell is text and stays text: nothing that was typed becomes a formula
//! when somebody opens the file, and identity and phone numbers do not become
//! rounded numbers. Does not own what is in the cells.

use std::io::{self, Write};

use rust_xlsxwriter::{Format, Workbook, XlsxError};

/// Rows of one sheet, headings included.
const SHEET_ROWS: u32 = 1_048_576;
/// Characters of one cell of a workbook.
const CELL_CHARS: usize = 32_767;
/// Digits from which a spreadsheet shows a number rounded or in scientific
/// notation.
const LONG_NUMBER: usize = 11;

/// Writes a CSV file (RFC 4180): UTF-8 with a mark, so that Excel reads it
/// right.
pub(super) struct CsvWriter<W: Write> {
    out: W,
}

impl<W: Write> CsvWriter<W> {
    pub(super) fn new(mut out: W) -> io::Result<Self> {
        out.write_all("\u{FEFF}".as_bytes())?;
        Ok(Self { out })
    }

    pub(super) fn write_row(&mut self, cells: &[String]) -> io::Result<()> {
        let quoted: Vec<String> = cells.iter().map(|cell| quoted(&as_text(cell))).collect();
        write!(self.out, "{}\r\n", quoted.join(","))
    }

    pub(super) fn finish(mut self) -> io::Result<()> {
        self.out.flush()
    }
}

/// A cell in quotation marks where it needs them.
fn quoted(cell: &str) -> String {
    if cell.contains(['"', ',', '\r', '\n', ';']) {
        format!("\"{}\"", cell.replace('"', "\"\""))
    } else {
        cell.to_owned()
    }
}

/// A cell that a spreadsheet takes for text. One that begins like a formula gets
/// a mark before it, by which spreadsheets are told the same (OWASP, CSV
/// injection); digits that would be shown as a number get a tab behind them.
/// Our own import takes both away again.
fn as_text(cell: &str) -> String {
    if cell.starts_with(['=', '+', '-', '@', '\t', '\r', '\n']) {
        return format!("'{cell}");
    }
    let is_number = cell.bytes().all(|byte| byte.is_ascii_digit());
    let is_long = cell.len() >= LONG_NUMBER || (cell.len() > 1 && cell.starts_with('0'));
    if is_number && is_long {
        return format!("{cell}\t");
    }
    cell.to_owned()
}

/// Writes a workbook. Rows go to a temporary file as they come, so the memory it
/// takes does not grow with them.
pub(super) struct XlsxTable {
    workbook: Workbook,
    headings: Vec<String>,
    sheet_name: String,
    sheets: u32,
    row: u32,
}

impl std::fmt::Debug for XlsxTable {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("XlsxTable")
            .field("sheets", &self.sheets)
            .field("row", &self.row)
            .finish_non_exhaustive()
    }
}

impl XlsxTable {
    pub(super) fn new(sheet_name: &str, headings: Vec<String>) -> Result<Self, XlsxError> {
        let mut table = Self {
            workbook: Workbook::new(),
            headings,
            sheet_name: sheet_name.to_owned(),
            sheets: 0,
            row: 0,
        };
        table.add_sheet()?;
        Ok(table)
    }

    fn add_sheet(&mut self) -> Result<(), XlsxError> {
        self.sheets += 1;
        let name = match self.sheets {
            1 => self.sheet_name.clone(),
            number => format!("{} {number}", self.sheet_name),
        };
        let sheet = self.workbook.add_worksheet_with_constant_memory()?;
        sheet.set_name(name)?;
        sheet.set_freeze_panes(1, 0)?;
        let bold = Format::new().set_bold();
        for (column, heading) in (0_u16..).zip(&self.headings) {
            sheet.set_column_width(column, 14)?;
            sheet.write_string_with_format(0, column, heading, &bold)?;
        }
        self.row = 1;
        Ok(())
    }

    pub(super) fn write_row(&mut self, cells: &[String]) -> Result<(), XlsxError> {
        if self.row >= SHEET_ROWS {
            self.add_sheet()?;
        }
        let place = (self.sheets - 1) as usize;
        let sheet = self.workbook.worksheet_from_index(place)?;
        for (column, cell) in (0_u16..).zip(cells) {
            if cell.is_empty() {
                continue;
            }
            let shown = match cell.char_indices().nth(CELL_CHARS) {
                Some((end, _)) => cell.get(..end).unwrap_or_default(),
                None => cell,
            };
            // Always a string: a workbook never takes one for a formula.
            sheet.write_string(self.row, column, shown)?;
        }
        self.row += 1;
        Ok(())
    }

    pub(super) fn finish(mut self, out: impl Write + io::Seek + Send) -> Result<(), XlsxError> {
        self.workbook.save_to_writer(out)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_in_a_text_file_becomes_a_formula_or_a_rounded_number() {
        let mut bytes = Vec::new();
        let mut csv = CsvWriter::new(&mut bytes).unwrap();
        let cells = [
            "=HYPERLINK(\"http://x\")",
            "+86",
            "-1",
            "@SUM(A1)",
            "\t=1",
            "\r=1",
            "13800138000",
            "0501",
            "501",
            "王小明, \"明\"",
            "",
        ];
        csv.write_row(&cells.map(str::to_owned)).unwrap();
        csv.finish().unwrap();
        let text = String::from_utf8(bytes).unwrap();
        assert_eq!(
            text,
            "\u{FEFF}\"'=HYPERLINK(\"\"http://x\"\")\",'+86,'-1,'@SUM(A1),'\t=1,\"'\r=1\",\
             13800138000\t,0501\t,501,\"王小明, \"\"明\"\"\",\r\n"
        );
    }
}
