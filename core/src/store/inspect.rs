//! What the fault lab looks at after a disk failed: whether the file is sound,
//! and everything it holds that a person or the server would miss.

use std::fmt::Write as _;

use rusqlite::{Connection, types::ValueRef};

use super::{Store, StoreError};

/// What must survive, as queries in a fixed order. Left out: what is bound to
/// this installation (app life, token), what is computed (list rows, search),
/// and how a document is cut into snapshot and loose changes.
const KEPT: &[(&str, &str)] = &[
    (
        "phone",
        "SELECT counter, server, device, person, server_epoch, session_token, grants_version,
             synced_at, minimum_version FROM phone",
    ),
    (
        "grid",
        "SELECT id, granted, seq, as_of, after, keeps_absent, digest FROM grid ORDER BY id",
    ),
    (
        "record",
        "SELECT id, kind, grid, record_epoch, heads, server_heads, damaged, pending_count,
             refusal_count, conflict_count, title FROM record ORDER BY id",
    ),
    (
        "outbox",
        "SELECT r.id, o.hash, o.deps, o.grid, o.status, o.attempts, o.counter, o.edits
         FROM outbox o JOIN record r ON r.key = o.record ORDER BY o.position",
    ),
    ("manifest", "SELECT counter, signed, count FROM manifest"),
    (
        "refusal",
        "SELECT r.id, f.hash, f.code, f.detail FROM refusal f JOIN record r ON r.key = f.record
         ORDER BY r.id, f.hash",
    ),
    (
        "quarantine",
        "SELECT record, hash, bytes, code FROM quarantine ORDER BY id",
    ),
    ("erased", "SELECT record, hash FROM erased ORDER BY record"),
    (
        "reference_set",
        "SELECT name, node, version, body FROM reference_set ORDER BY name, node",
    ),
    (
        "draft",
        "SELECT id, kind, grid, record, edits FROM draft ORDER BY id",
    ),
];

impl Store {
    /// What is wrong with the file: SQLite's own check of every page and
    /// index, the references between tables, and the full-text index; empty if
    /// it is sound.
    pub fn check_integrity(&self) -> Result<Vec<String>, StoreError> {
        // Not by a reader: FTS5 checks against the pieces of the index that its
        // connection saw last, and takes those merged since for damage.
        let mut wrong = self.write(|tx| {
            let mut wrong = texts(tx, "PRAGMA integrity_check")?;
            wrong.retain(|line| line != "ok");
            let mut dangling = texts(tx, "SELECT \"table\" FROM pragma_foreign_key_check")?;
            wrong.append(&mut dangling);
            Ok(wrong)
        })?;
        let search = self.write(|tx| {
            tx.execute("INSERT INTO search (search) VALUES ('integrity-check')", [])?;
            Ok(())
        });
        if let Err(error) = search {
            wrong.push(format!("search: {error}"));
        }
        Ok(wrong)
    }

    /// Everything that must survive, a line for each row: two stores that
    /// saved the same are equal here, however their disks failed.
    pub fn list_kept(&self) -> Result<Vec<String>, StoreError> {
        self.read(|db| {
            let mut lines = Vec::new();
            for (table, query) in KEPT {
                let mut statement = db.prepare_cached(query)?;
                let columns = statement.column_count();
                let mut rows = statement.query([])?;
                while let Some(row) = rows.next()? {
                    let mut line = (*table).to_owned();
                    for column in 0..columns {
                        append(&mut line, row.get_ref(column)?);
                    }
                    lines.push(line);
                }
            }
            Ok(lines)
        })
    }

    /// Number of migration steps the file went through.
    pub fn schema_version(&self) -> Result<i64, StoreError> {
        self.read(|db| Ok(db.query_row("PRAGMA user_version", [], |row| row.get(0))?))
    }
}

fn append(line: &mut String, value: ValueRef<'_>) {
    line.push(' ');
    match value {
        ValueRef::Null => line.push('-'),
        ValueRef::Integer(number) => {
            // Writing to a String cannot fail.
            let _ = write!(line, "{number}");
        }
        ValueRef::Real(number) => {
            let _ = write!(line, "{number}");
        }
        ValueRef::Text(text) => line.push_str(&String::from_utf8_lossy(text)),
        ValueRef::Blob(bytes) => line.push_str(&hex::encode(bytes)),
    }
}

fn texts(db: &Connection, query: &str) -> Result<Vec<String>, StoreError> {
    Ok(db
        .prepare_cached(query)?
        .query_map([], |row| row.get(0))?
        .collect::<rusqlite::Result<_>>()?)
}
