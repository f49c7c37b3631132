//! See [`DivisionStorage`].

use async_trait::async_trait;
use rusqlite::{Connection, OptionalExtension as _, Row, params};

use super::{SqliteStorage, row};
use crate::storage::{Division, DivisionStorage, StorageResult};

fn division(row: &Row<'_>) -> rusqlite::Result<Division> {
    Ok(Division {
        code: row.get(0)?,
        name: row.get(1)?,
        level: row.get(2)?,
        parent: row.get(3)?,
    })
}

fn put(connection: &Connection, divisions: &[Division]) -> StorageResult<u64> {
    let mut insert = connection.prepare_cached(
        "INSERT INTO division (code, name, level, parent) VALUES (?1, ?2, ?3, ?4)
         ON CONFLICT (code) DO NOTHING",
    )?;
    let mut update = connection.prepare_cached(
        "UPDATE division SET name = ?2, level = ?3, parent = ?4
         WHERE code = ?1 AND (name, level, parent) IS NOT (?2, ?3, ?4)",
    )?;
    let mut new = 0;
    for division in divisions {
        let values = params![
            division.code,
            division.name,
            division.level,
            division.parent
        ];
        if insert.execute(values)? == 1 {
            new += 1;
        } else {
            update.execute(params![
                division.code,
                division.name,
                division.level,
                division.parent
            ])?;
        }
    }
    Ok(new)
}

#[async_trait]
impl DivisionStorage for SqliteStorage {
    async fn put_divisions(&self, divisions: Vec<Division>) -> StorageResult<u64> {
        self.write(move |connection, _| put(connection, &divisions))
            .await
    }

    async fn find_division(&self, code: &str) -> StorageResult<Option<Division>> {
        let code = code.to_owned();
        self.read(move |connection| {
            Ok(connection
                .prepare_cached("SELECT code, name, level, parent FROM division WHERE code = ?1")?
                .query_row([code], division)
                .optional()?)
        })
        .await
    }

    async fn list_divisions(&self, parent: Option<&str>) -> StorageResult<Vec<Division>> {
        let parent = parent.map(str::to_owned);
        self.read(move |connection| {
            let mut statement = connection.prepare_cached(
                "SELECT code, name, level, parent FROM division WHERE parent IS ?1 ORDER BY code",
            )?;
            row::collect(statement.query_map([parent], division)?)
        })
        .await
    }

    async fn count_divisions(&self) -> StorageResult<u64> {
        self.read(|connection| {
            Ok(row::count(connection.query_row(
                "SELECT count(*) FROM division",
                [],
                |row| row.get(0),
            )?))
        })
        .await
    }
}
