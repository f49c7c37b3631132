//! How self-tests went. It is the worker's own affair: nothing here is sent, and a
//! damaged file loses it.

use rusqlite::{Transaction, params};
use wangge_model::{GridId, Timestamp};

use super::{Store, StoreError, columns};
use crate::QuizResult;

/// Most results that are kept.
const MOST: usize = 200;

/// The phone is somebody else's now.
pub(super) fn forget(tx: &Transaction<'_>) -> Result<(), StoreError> {
    tx.execute("DELETE FROM quiz_result", [])?;
    Ok(())
}

impl Store {
    /// Keeps a result, and of all results the latest.
    pub fn note_quiz(&self, result: QuizResult) -> Result<(), StoreError> {
        self.write(|tx| {
            tx.execute(
                "INSERT INTO quiz_result (grid, at, asked, correct) VALUES (?1, ?2, ?3, ?4)",
                params![
                    result.grid.as_bytes(),
                    result.at.as_millis(),
                    result.asked,
                    result.right
                ],
            )?;
            tx.execute(
                "DELETE FROM quiz_result WHERE position NOT IN (
                     SELECT position FROM quiz_result ORDER BY position DESC LIMIT ?1)",
                [columns::length(MOST)],
            )?;
            Ok(())
        })
    }

    /// The results of a grid, latest first.
    pub fn list_quiz_results(&self, grid: GridId) -> Result<Vec<QuizResult>, StoreError> {
        self.read(|db| {
            let mut statement = db.prepare_cached(
                "SELECT at, asked, correct FROM quiz_result WHERE grid = ?1 ORDER BY position DESC",
            )?;
            let rows = statement.query_map([grid.as_bytes()], |row| {
                Ok(QuizResult {
                    grid,
                    at: Timestamp::from_millis(row.get(0)?),
                    asked: row.get(1)?,
                    right: row.get(2)?,
                })
            })?;
            Ok(rows.collect::<rusqlite::Result<_>>()?)
        })
    }
}
