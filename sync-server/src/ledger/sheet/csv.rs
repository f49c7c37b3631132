//! Text tables: commas, tabs or semicolons; UTF-8 with or without a mark,
//! GBK (as Excel saves in China), UTF-16.

use std::{
    fs::File,
    io::{self, BufRead, BufReader, Read, Seek as _},
};

use encoding_rs::{Decoder, DecoderResult, Encoding, GB18030, UTF_8, UTF_16BE, UTF_16LE};

use super::{Builder, CellKind, Limits, Sheet, SheetError, Stop};

/// Bytes read at once.
const CHUNK: usize = 64 << 10;

pub(super) fn read(file: &mut File, limits: &Limits, stop: Stop<'_>) -> Result<Sheet, SheetError> {
    let encoding = find_encoding(file, stop)?;
    let delimiter = find_delimiter(file, encoding)?;
    file.rewind()?;
    let text = Decoded::new(BufReader::with_capacity(CHUNK, file), encoding);
    let mut text = BufReader::with_capacity(CHUNK, text);
    let mut parser = Parser::new(delimiter, Builder::new(limits, stop));
    loop {
        let bytes = text.fill_buf().map_err(unreadable)?;
        if bytes.is_empty() {
            return parser.finish();
        }
        for byte in bytes {
            parser.take(*byte)?;
        }
        let length = bytes.len();
        text.consume(length);
    }
}

fn unreadable(error: io::Error) -> SheetError {
    match error.kind() {
        io::ErrorKind::InvalidData => SheetError::Encoding,
        _ => SheetError::File(error),
    }
}

/// Where in a table the parser is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Place {
    /// At the beginning of a cell.
    Start,
    /// In a cell without quotation marks.
    Plain,
    /// Inside quotation marks.
    Quoted,
    /// Behind a quotation mark inside them: their end, or the first of two.
    Quote,
}

/// Takes a table apart byte by byte (RFC 4180, and what programs make of it).
/// Rows are counted as a spreadsheet counts them, empty ones too.
struct Parser<'a> {
    delimiter: u8,
    builder: Builder<'a>,
    place: Place,
    cell: Vec<u8>,
    column: u32,
    row: u32,
    after_return: bool,
}

impl<'a> Parser<'a> {
    fn new(delimiter: u8, builder: Builder<'a>) -> Self {
        Self {
            delimiter,
            builder,
            place: Place::Start,
            cell: Vec::new(),
            column: 0,
            row: 1,
            after_return: false,
        }
    }

    fn take(&mut self, byte: u8) -> Result<(), SheetError> {
        let after_return = std::mem::take(&mut self.after_return);
        match (self.place, byte) {
            (Place::Quoted, b'"') => self.place = Place::Quote,
            (Place::Quoted, _) => self.push(byte)?,
            (Place::Quote, b'"') => {
                self.place = Place::Quoted;
                self.push(byte)?;
            }
            (Place::Start, b'"') => self.place = Place::Quoted,
            (_, _) if byte == self.delimiter => self.end_cell()?,
            (_, b'\n') if after_return => {}
            (_, b'\r' | b'\n') => {
                self.after_return = byte == b'\r';
                self.end_row()?;
            }
            (_, _) => {
                self.place = Place::Plain;
                self.push(byte)?;
            }
        }
        Ok(())
    }

    fn push(&mut self, byte: u8) -> Result<(), SheetError> {
        // A quotation mark that is never closed takes the rest of the file.
        let most = self.builder.limits.cell_bytes;
        if self.cell.len() >= most {
            return Err(SheetError::TooLarge {
                what: "text",
                limit: most as u64,
            });
        }
        self.cell.push(byte);
        Ok(())
    }

    fn end_cell(&mut self) -> Result<(), SheetError> {
        self.builder.count()?;
        let text = std::str::from_utf8(&self.cell).map_err(|_| SheetError::Encoding)?;
        self.builder.put(self.column, CellKind::Text, text)?;
        self.cell.clear();
        self.column += 1;
        self.place = Place::Start;
        Ok(())
    }

    fn end_row(&mut self) -> Result<(), SheetError> {
        self.end_cell()?;
        self.builder.end_row(self.row);
        self.row += 1;
        self.column = 0;
        Ok(())
    }

    fn finish(mut self) -> Result<Sheet, SheetError> {
        self.end_row()?;
        Ok(self.builder.finish())
    }
}

/// The encoding: as a mark says, UTF-8 if every byte fits, GB18030 (which holds
/// GBK and GB 2312) otherwise. Binary files are none.
fn find_encoding(file: &mut File, stop: Stop<'_>) -> Result<&'static Encoding, SheetError> {
    file.rewind()?;
    let mut reader = BufReader::with_capacity(CHUNK, file);
    if let Some((encoding, _)) = Encoding::for_bom(reader.fill_buf()?) {
        return match encoding {
            known if known == UTF_8 || known == UTF_16LE || known == UTF_16BE => Ok(known),
            _ => Err(SheetError::Encoding),
        };
    }
    let mut decoder = UTF_8.new_decoder_without_bom_handling();
    let mut sink = String::with_capacity(CHUNK * 3);
    let mut is_utf8 = true;
    loop {
        let bytes = reader.fill_buf()?;
        if bytes.contains(&0) {
            return Err(SheetError::UnknownFormat);
        }
        let (length, last) = (bytes.len(), bytes.is_empty());
        if is_utf8 {
            sink.clear();
            let (result, _) = decoder.decode_to_string_without_replacement(bytes, &mut sink, last);
            is_utf8 = !matches!(result, DecoderResult::Malformed(..));
        }
        if last {
            break;
        }
        if stop() {
            return Err(SheetError::TimedOut);
        }
        reader.consume(length);
    }
    Ok(if is_utf8 { UTF_8 } else { GB18030 })
}

/// What separates cells: whichever of comma, tab and semicolon the first lines
/// have most of.
fn find_delimiter(file: &mut File, encoding: &'static Encoding) -> Result<u8, SheetError> {
    file.rewind()?;
    let mut start = Vec::new();
    Decoded::new(BufReader::new(&mut *file), encoding)
        .take(CHUNK as u64)
        .read_to_end(&mut start)
        .map_err(unreadable)?;
    let mut quoted = false;
    let mut counts = [(b',', 0_u32), (b'\t', 0), (b';', 0)];
    for byte in start {
        if byte == b'"' {
            quoted = !quoted;
        }
        if !quoted && let Some((_, count)) = counts.iter_mut().find(|(sign, _)| *sign == byte) {
            *count += 1;
        }
    }
    // The first of equals: a table of one column has none of any.
    let best = counts.iter().rev().max_by_key(|(_, count)| *count);
    Ok(best.map_or(b',', |(sign, _)| *sign))
}

/// Text of any encoding as UTF-8. Bytes that stand for nothing are an error of
/// invalid data.
struct Decoded<R> {
    source: R,
    decoder: Decoder,
    ready: Vec<u8>,
    taken: usize,
    done: bool,
}

impl<R: BufRead> Decoded<R> {
    fn new(source: R, encoding: &'static Encoding) -> Self {
        Self {
            source,
            decoder: encoding.new_decoder_with_bom_removal(),
            ready: Vec::new(),
            taken: 0,
            done: false,
        }
    }

    fn refill(&mut self) -> io::Result<()> {
        let bytes = self.source.fill_buf()?;
        let last = bytes.is_empty();
        let room = self
            .decoder
            .max_utf8_buffer_length_without_replacement(bytes.len())
            .unwrap_or(CHUNK * 4);
        self.ready.resize(room, 0);
        let (result, read, written) =
            self.decoder
                .decode_to_utf8_without_replacement(bytes, &mut self.ready, last);
        if matches!(result, DecoderResult::Malformed(..)) {
            return Err(io::ErrorKind::InvalidData.into());
        }
        self.source.consume(read);
        self.ready.truncate(written);
        self.taken = 0;
        self.done = last;
        Ok(())
    }
}

impl<R: BufRead> Read for Decoded<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        while self.taken == self.ready.len() && !self.done {
            self.refill()?;
        }
        let rest = self.ready.get(self.taken..).unwrap_or_default();
        let count = rest.len().min(buffer.len());
        if let (Some(to), Some(from)) = (buffer.get_mut(..count), rest.get(..count)) {
            to.copy_from_slice(from);
        }
        self.taken += count;
        Ok(count)
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;

    use super::*;

    fn parse(bytes: &[u8]) -> Result<Vec<(u32, Vec<String>)>, SheetError> {
        parse_within(bytes, &Limits::CONSOLE)
    }

    fn parse_within(bytes: &[u8], limits: &Limits) -> Result<Vec<(u32, Vec<String>)>, SheetError> {
        let mut file = tempfile::tempfile().unwrap();
        file.write_all(bytes).unwrap();
        let sheet = super::super::read(&mut file, None, limits, &|_| true, &|| false)?;
        let rows = sheet
            .rows()
            .map(|row| {
                let cells = row
                    .cells()
                    .map(|cell| format!("{}:{}", cell.column, cell.text));
                (row.number, cells.collect())
            })
            .collect();
        Ok(rows)
    }

    const TEXT: &str = "姓名,住址\r\n王小明,\"3号楼,\n501\"\r\n\r\n李雷 ,\t1380000\t\r\n";

    fn expected() -> Vec<(u32, Vec<String>)> {
        let row = |number, cells: &[&str]| {
            (
                number,
                cells.iter().map(|cell| (*cell).to_owned()).collect(),
            )
        };
        vec![
            row(1, &["0:姓名", "1:住址"]),
            row(2, &["0:王小明", "1:3号楼,\n501"]),
            row(4, &["0:李雷", "1:1380000"]),
        ]
    }

    #[test]
    fn every_encoding_that_excel_writes_is_read() {
        let (gbk, _, _) = GB18030.encode(TEXT);
        let utf16 = |big: bool| -> Vec<u8> {
            let start = std::iter::once(0xFEFF_u16);
            start
                .chain(TEXT.encode_utf16())
                .flat_map(|unit| {
                    if big {
                        unit.to_be_bytes()
                    } else {
                        unit.to_le_bytes()
                    }
                })
                .collect()
        };
        for bytes in [
            TEXT.as_bytes().to_vec(),
            [b"\xEF\xBB\xBF", TEXT.as_bytes()].concat(),
            gbk.into_owned(),
            utf16(true),
            utf16(false),
        ] {
            assert_eq!(parse(&bytes).unwrap(), expected());
        }
    }

    #[test]
    fn tabs_and_semicolons_separate_too() {
        for sign in ["\t", ";"] {
            let text = format!("姓名{sign}\"a,b\"\n王{sign}1,5\n");
            let rows = parse(text.as_bytes()).unwrap();
            assert_eq!(rows[1].1, ["0:王", "1:1,5"], "{sign:?}");
        }
        assert_eq!(parse("姓名\n王\n".as_bytes()).unwrap().len(), 2);
    }

    #[test]
    fn a_large_file_crosses_every_buffer_unharmed() {
        let (gbk, _, _) = GB18030.encode("姓名,住址\n");
        let mut bytes = gbk.into_owned();
        for number in 0..40_000 {
            let line = format!("王小明{number},千佛山社区\n");
            bytes.extend_from_slice(&GB18030.encode(&line).0);
        }
        let rows = parse(&bytes).unwrap();
        assert_eq!(rows.len(), 40_001);
        assert_eq!(rows[40_000].1, ["0:王小明39999", "1:千佛山社区"]);
    }

    #[test]
    fn what_is_no_text_or_too_much_of_it_is_refused() {
        assert!(matches!(
            parse(b"\0\x01\x02"),
            Err(SheetError::UnknownFormat)
        ));
        assert!(matches!(parse(b"a,\xFF\xFF\n"), Err(SheetError::Encoding)));
        let long = format!("a,\"{}", "x".repeat(100_000));
        assert!(matches!(
            parse(long.as_bytes()),
            Err(SheetError::TooLarge { what: "text", .. })
        ));
        let few = Limits {
            cells: 3,
            ..Limits::CONSOLE
        };
        assert!(matches!(
            parse_within(b"a,b\nc,d\n", &few),
            Err(SheetError::TooLarge { what: "cells", .. })
        ));
        let small = Limits {
            file_bytes: 3,
            ..Limits::CONSOLE
        };
        assert!(matches!(
            parse_within(b"a,b\n", &small),
            Err(SheetError::TooLarge { what: "bytes", .. })
        ));
    }

    #[test]
    fn reading_stops_when_told() {
        let mut file = tempfile::tempfile().unwrap();
        file.write_all("a,b\n".repeat(10_000).as_bytes()).unwrap();
        let read = super::super::read(&mut file, None, &Limits::CONSOLE, &|_| true, &|| true);
        assert!(matches!(read, Err(SheetError::TimedOut)));
    }
}
