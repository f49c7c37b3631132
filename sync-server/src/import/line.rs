//! Lines and fields of a CSV file (RFC 4180) in which no field spans lines.
//!
//! Reading line by line keeps a forgotten quotation mark from swallowing the
//! rest of the file, and makes every error a line number.

use std::{
    borrow::Cow,
    io::{self, BufRead},
};

/// Longest line read, in bytes; longer ones are skipped, not held.
pub(super) const LONGEST_LINE: usize = 64 * 1024;

/// A line that cannot be taken apart.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum LineError {
    /// Longer than 64 KiB.
    #[error("the line is longer than {LONGEST_LINE} bytes")]
    TooLong,
    /// Not UTF-8.
    #[error("not valid UTF-8")]
    Utf8,
    /// A quotation mark without its partner.
    #[error("a quotation mark is not closed")]
    Quote,
}

/// Reads lines and counts them from 1.
#[derive(Debug)]
pub(super) struct LineReader<R> {
    source: R,
    number: u64,
    bytes: u64,
    buffer: Vec<u8>,
}

impl<R: BufRead> LineReader<R> {
    /// Reads from the start of `source`.
    pub(super) const fn new(source: R) -> Self {
        Self {
            source,
            number: 0,
            bytes: 0,
            buffer: Vec::new(),
        }
    }

    /// Number of the line read last.
    pub(super) const fn number(&self) -> u64 {
        self.number
    }

    /// Bytes read so far.
    pub(super) const fn bytes(&self) -> u64 {
        self.bytes
    }

    /// The next line without its end and, in the first line, without a byte
    /// order mark; `None` at the end of the file.
    pub(super) fn next_line(&mut self) -> io::Result<Option<Result<&str, LineError>>> {
        self.buffer.clear();
        let mut too_long = false;
        loop {
            let available = match self.source.fill_buf() {
                Ok(available) => available,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                Err(error) => return Err(error),
            };
            if available.is_empty() {
                break;
            }
            let end = available.iter().position(|byte| *byte == b'\n');
            let taken = end.map_or(available.len(), |end| end + 1);
            let part = available.get(..taken).unwrap_or_default();
            if self.buffer.len() + part.len() > LONGEST_LINE {
                too_long = true;
            } else {
                self.buffer.extend_from_slice(part);
            }
            self.source.consume(taken);
            self.bytes += taken as u64;
            if end.is_some() {
                break;
            }
        }
        if self.buffer.is_empty() && !too_long {
            return Ok(None);
        }
        self.number += 1;
        if too_long {
            return Ok(Some(Err(LineError::TooLong)));
        }
        let Ok(text) = std::str::from_utf8(&self.buffer) else {
            return Ok(Some(Err(LineError::Utf8)));
        };
        let text = if self.number == 1 {
            text.trim_start_matches('\u{feff}')
        } else {
            text
        };
        Ok(Some(Ok(text.trim_end_matches(['\r', '\n']))))
    }
}

/// The fields of one line. A field in quotation marks may hold commas, and
/// quotation marks written twice.
pub(super) fn split_fields(line: &str) -> Result<Vec<Cow<'_, str>>, LineError> {
    let mut fields = Vec::new();
    let mut rest = line;
    loop {
        let Some(quoted) = rest.strip_prefix('"') else {
            let Some((field, after)) = rest.split_once(',') else {
                fields.push(Cow::Borrowed(rest));
                return Ok(fields);
            };
            fields.push(Cow::Borrowed(field));
            rest = after;
            continue;
        };
        let (field, after) = split_quoted(quoted)?;
        fields.push(field);
        match after.strip_prefix(',') {
            Some(next) => rest = next,
            None if after.is_empty() => return Ok(fields),
            None => return Err(LineError::Quote),
        }
    }
}

/// A field after its opening quotation mark, and what follows the closing one.
fn split_quoted(text: &str) -> Result<(Cow<'_, str>, &str), LineError> {
    let (mut field, mut rest) = text.split_once('"').ok_or(LineError::Quote)?;
    if !rest.starts_with('"') {
        return Ok((Cow::Borrowed(field), rest));
    }
    let mut whole = String::new();
    while let Some(more) = rest.strip_prefix('"') {
        whole.push_str(field);
        whole.push('"');
        (field, rest) = more.split_once('"').ok_or(LineError::Quote)?;
    }
    whole.push_str(field);
    Ok((Cow::Owned(whole), rest))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(bytes: &[u8]) -> Vec<Result<String, LineError>> {
        // A tiny buffer, so that lines span several of its fillings.
        let mut reader = LineReader::new(io::BufReader::with_capacity(3, bytes));
        let mut all = Vec::new();
        while let Some(line) = reader.next_line().unwrap() {
            all.push(line.map(str::to_owned));
        }
        assert_eq!(reader.number(), all.len() as u64);
        assert_eq!(reader.bytes(), bytes.len() as u64);
        all
    }

    #[test]
    fn line_ends_and_byte_order_marks_do_not_matter() {
        let expected = vec![Ok("a,b".to_owned()), Ok(String::new()), Ok("c".to_owned())];
        assert_eq!(lines(b"a,b\n\nc"), expected);
        assert_eq!(lines("\u{feff}a,b\r\n\r\nc\r\n".as_bytes()), expected);
        assert!(lines(b"").is_empty());
    }

    #[test]
    fn a_bad_line_does_not_spoil_the_next() {
        let mut bytes = b"a\n\xff\xfe\n".to_vec();
        bytes.extend(vec![b'x'; LONGEST_LINE + 1]);
        bytes.extend(b"\nb\n");
        assert_eq!(
            lines(&bytes),
            [
                Ok("a".to_owned()),
                Err(LineError::Utf8),
                Err(LineError::TooLong),
                Ok("b".to_owned())
            ]
        );
    }

    #[test]
    fn fields_are_split_as_rfc_4180_says() {
        for (line, fields) in [
            ("", vec![""]),
            ("a,b", vec!["a", "b"]),
            (",", vec!["", ""]),
            ("1,\"东华门街道\",3", vec!["1", "东华门街道", "3"]),
            ("\"a,b\",\"\"", vec!["a,b", ""]),
            ("\"say \"\"hi\"\"\"", vec!["say \"hi\""]),
            ("\"\"\"\"", vec!["\""]),
        ] {
            assert_eq!(split_fields(line).unwrap(), fields, "{line}");
        }
        for line in ["\"a", "\"a\"b", "1,\"x", "\"a\"\""] {
            assert_eq!(split_fields(line), Err(LineError::Quote), "{line}");
        }
    }
}
