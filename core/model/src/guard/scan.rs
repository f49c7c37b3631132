//! A look through a change chunk before Automerge sees it.
//!
//! Automerge's parser allocates what a length field asks for: 108 bytes made
//! it take 256 MB. This walks the same bytes (Automerge binary format, change
//! chunk: <https://automerge.org/automerge-binary-format-spec/>), believes no
//! length it has not compared with what is there, and counts rows, so that
//! what passes costs memory in proportion to its size.

use super::GuardError;
use crate::protocol::limits;

/// A column's type: the low three bits of its specification.
const ACTOR: u32 = 1;
const INTEGER: u32 = 2;
const DELTA: u32 = 3;
const BOOLEAN: u32 = 4;
const STRING: u32 = 5;
const VALUE_METADATA: u32 = 6;
const VALUE: u32 = 7;
/// Fourth bit of a specification: the column is deflated.
const DEFLATED: u32 = 8;
/// The column that says what each operation does; one row per operation.
const ACTION_COLUMN: u32 = 0x42;

/// Rows of predecessors one change may carry: an operation may supersede
/// several concurrent values.
const MAX_ROWS: u64 = 4 * limits::CHANGE_OPS as u64;

/// Checks the inside of a chunk whose first nine bytes were checked.
pub(super) fn scan(bytes: &[u8]) -> Result<(), GuardError> {
    let mut reader = Reader(bytes.get(9..).unwrap_or_default());
    let length = reader.unsigned()?;
    if length != reader.0.len() as u64 {
        return Err(malformed("chunk length"));
    }
    let deps = reader.unsigned()?;
    if deps > limits::CHANGE_DEPS as u64 {
        return Err(malformed("too many dependencies"));
    }
    reader.skip(deps * 32)?;
    let actor = reader.unsigned()?;
    reader.skip(actor)?;
    reader.unsigned()?; // seq
    reader.unsigned()?; // first operation number
    reader.signed()?; // time
    let message = reader.unsigned()?;
    reader.skip(message)?;
    let others = reader.unsigned()?;
    if others > reader.0.len() as u64 {
        return Err(malformed("actor count"));
    }
    for _ in 0..others {
        let length = reader.unsigned()?;
        reader.skip(length)?;
    }
    scan_columns(&mut reader, others + 1)
}

fn scan_columns(reader: &mut Reader<'_>, actors: u64) -> Result<(), GuardError> {
    let count = reader.unsigned()?;
    if count > 64 {
        return Err(malformed("column count"));
    }
    let mut columns = Vec::new();
    for _ in 0..count {
        let spec = u32::try_from(reader.unsigned()?).map_err(|_| malformed("column type"))?;
        let length = reader.unsigned()?;
        columns.push((spec, length));
    }
    let mut value_bytes = 0;
    for (spec, length) in columns {
        let data = reader.take(length)?;
        if spec & DEFLATED != 0 {
            return Err(GuardError::NotAChange("a compressed column"));
        }
        match spec & 7 {
            VALUE => {
                if data.len() as u64 != value_bytes {
                    return Err(malformed("value bytes"));
                }
            }
            BOOLEAN => {
                let rows = boolean_rows(data)?;
                if rows > MAX_ROWS {
                    return Err(GuardError::TooManyOps);
                }
            }
            kind => {
                let column = run_rows(data, kind, actors)?;
                let most = if spec == ACTION_COLUMN {
                    limits::CHANGE_OPS as u64
                } else {
                    MAX_ROWS
                };
                if column.rows > most {
                    return Err(GuardError::TooManyOps);
                }
                if kind == VALUE_METADATA {
                    value_bytes = column.value_bytes;
                }
            }
        }
    }
    Ok(())
}

struct Column {
    rows: u64,
    value_bytes: u64,
}

/// Walks a run-length encoded column: `n > 0` repeats one value n times,
/// `n < 0` is followed by -n values, `0` by a count of nulls.
fn run_rows(data: &[u8], kind: u32, actors: u64) -> Result<Column, GuardError> {
    let mut reader = Reader(data);
    let mut column = Column {
        rows: 0,
        value_bytes: 0,
    };
    while !reader.0.is_empty() {
        let run = reader.signed()?;
        let (values, repeats) = match run {
            0 => (0, reader.unsigned()?),
            1.. => (1, run.unsigned_abs()),
            _ => (run.unsigned_abs(), 1),
        };
        column.rows = column
            .rows
            .saturating_add(values.max(1).saturating_mul(repeats));
        if column.rows > MAX_ROWS {
            return Err(GuardError::TooManyOps);
        }
        for _ in 0..values {
            let size = reader.value(kind, actors)?;
            column.value_bytes = column
                .value_bytes
                .saturating_add(size.saturating_mul(repeats));
        }
    }
    Ok(column)
}

/// Walks a column of yes/no runs.
fn boolean_rows(data: &[u8]) -> Result<u64, GuardError> {
    let mut reader = Reader(data);
    let mut rows = 0_u64;
    while !reader.0.is_empty() {
        rows = rows.saturating_add(reader.unsigned()?);
    }
    Ok(rows)
}

fn malformed(what: &str) -> GuardError {
    GuardError::Malformed(what.to_owned())
}

/// The bytes not read yet.
struct Reader<'a>(&'a [u8]);

impl<'a> Reader<'a> {
    fn take(&mut self, length: u64) -> Result<&'a [u8], GuardError> {
        let length = usize::try_from(length).map_err(|_| malformed("length"))?;
        let (taken, rest) = self
            .0
            .split_at_checked(length)
            .ok_or_else(|| malformed("length"))?;
        self.0 = rest;
        Ok(taken)
    }

    fn skip(&mut self, length: u64) -> Result<(), GuardError> {
        self.take(length).map(|_| ())
    }

    /// An unsigned LEB128 number of at most 64 bits.
    fn unsigned(&mut self) -> Result<u64, GuardError> {
        let mut value = 0_u64;
        for shift in (0..64).step_by(7) {
            let byte = self.byte()?;
            value |= u64::from(byte & 0x7f) << shift;
            if byte & 0x80 == 0 {
                return Ok(value);
            }
        }
        Err(malformed("number"))
    }

    /// A signed LEB128 number of at most 64 bits.
    fn signed(&mut self) -> Result<i64, GuardError> {
        let mut value = 0_i64;
        for shift in (0..64).step_by(7) {
            let byte = self.byte()?;
            value |= i64::from(byte & 0x7f) << shift;
            if byte & 0x80 == 0 {
                if byte & 0x40 != 0 && shift + 7 < 64 {
                    value |= -1_i64 << (shift + 7);
                }
                return Ok(value);
            }
        }
        Err(malformed("number"))
    }

    fn byte(&mut self) -> Result<u8, GuardError> {
        let (&byte, rest) = self.0.split_first().ok_or_else(|| malformed("cut short"))?;
        self.0 = rest;
        Ok(byte)
    }

    /// One value of a column; answers how many bytes of the value column it
    /// claims (0 for every kind but value metadata).
    fn value(&mut self, kind: u32, actors: u64) -> Result<u64, GuardError> {
        match kind {
            ACTOR => {
                if self.unsigned()? >= actors {
                    return Err(malformed("actor index"));
                }
            }
            DELTA => {
                self.signed()?;
            }
            STRING => {
                let length = self.unsigned()?;
                self.skip(length)?;
            }
            VALUE_METADATA => return Ok(self.unsigned()? >> 4),
            // A group column counts the rows of the columns that follow it.
            INTEGER | 0 => {
                self.unsigned()?;
            }
            _ => return Err(malformed("column type")),
        }
        Ok(0)
    }
}
