//! Answers to roll calls: kept until the server decided on them, and after, so
//! that the person sees what became of them.

use rusqlite::{Connection, Row, Transaction, params};
use wangge_model::{
    EmergencyId, RequestId, Timestamp,
    protocol::{RollAnswer, RollOutcome, limits},
};

use super::{Store, StoreError, columns};

/// An answer as it is kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeptRollAnswer {
    /// As it is sent.
    pub answer: RollAnswer,
    /// What the server decided; `None`: it has not yet.
    pub outcome: Option<RollOutcome>,
}

/// The columns [`read_from`] reads.
pub(super) const COLUMNS: &str = "id, emergency, state, reason, given_at, decided_at, code";

/// Reads the columns from the `first` on.
pub(super) fn read_from(row: &Row<'_>, first: usize) -> rusqlite::Result<KeptRollAnswer> {
    let id = RequestId::from_bytes(row.get(first)?);
    let decided_at: Option<i64> = row.get(first + 5)?;
    let code: String = row.get(first + 6)?;
    Ok(KeptRollAnswer {
        answer: RollAnswer {
            id,
            emergency: EmergencyId::from_bytes(row.get(first + 1)?),
            state: row.get(first + 2)?,
            reason: row.get(first + 3)?,
            given_at: Timestamp::from_millis(row.get(first + 4)?),
        },
        outcome: decided_at.map(|at| RollOutcome {
            id,
            is_accepted: code.is_empty(),
            code,
            at: Timestamp::from_millis(at),
        }),
    })
}

/// What the next request asks for, in the order given.
pub(super) fn pending(db: &Connection) -> Result<Vec<RollAnswer>, StoreError> {
    let sql = format!(
        "SELECT {COLUMNS} FROM roll_answer WHERE decided_at IS NULL ORDER BY position LIMIT ?1"
    );
    let mut statement = db.prepare_cached(&sql)?;
    let most = columns::length(limits::ROLL_ANSWERS);
    let rows = statement.query_map([most], |row| Ok(read_from(row, 0)?.answer))?;
    Ok(rows.collect::<rusqlite::Result<_>>()?)
}

/// Keeps an answer, decided on or not.
pub(super) fn save(tx: &Transaction<'_>, kept: &KeptRollAnswer) -> Result<(), StoreError> {
    let KeptRollAnswer { answer, outcome } = kept;
    tx.prepare_cached(
        "INSERT OR IGNORE INTO roll_answer (id, emergency, state, reason, given_at, decided_at,
                                            code)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
    )?
    .execute(params![
        answer.id.as_bytes(),
        answer.emergency.as_bytes(),
        answer.state,
        answer.reason,
        answer.given_at.as_millis(),
        outcome.as_ref().map(|outcome| outcome.at.as_millis()),
        outcome.as_ref().map_or("", |outcome| outcome.code.as_str()),
    ])?;
    Ok(())
}

/// Notes what the server decided.
pub(super) fn apply(tx: &Transaction<'_>, outcomes: &[RollOutcome]) -> Result<(), StoreError> {
    for outcome in outcomes {
        // A refusal without a code is one all the same.
        let code = match (outcome.is_accepted, outcome.code.as_str()) {
            (true, _) => "",
            (false, "") => "refused",
            (false, code) => code,
        };
        tx.prepare_cached(
            "UPDATE roll_answer SET decided_at = ?2, code = ?3
             WHERE id = ?1 AND decided_at IS NULL",
        )?
        .execute(params![outcome.id.as_bytes(), outcome.at.as_millis(), code])?;
    }
    Ok(())
}

/// The server began a new life and may have lost what it accepted: that is asked
/// again.
pub(super) fn offer_again(tx: &Transaction<'_>) -> Result<(), StoreError> {
    tx.execute(
        "UPDATE roll_answer SET decided_at = NULL WHERE decided_at IS NOT NULL AND code = ''",
        [],
    )?;
    Ok(())
}

/// The phone is somebody else's now.
pub(super) fn forget(tx: &Transaction<'_>) -> Result<(), StoreError> {
    tx.execute("DELETE FROM roll_answer", [])?;
    Ok(())
}

impl Store {
    /// Keeps a new answer for the next sync.
    pub fn save_roll_answer(&self, answer: RollAnswer) -> Result<(), StoreError> {
        let kept = KeptRollAnswer {
            answer,
            outcome: None,
        };
        self.write(|tx| save(tx, &kept))
    }

    /// Every answer given on this phone, latest first.
    pub fn list_roll_answers(&self) -> Result<Vec<KeptRollAnswer>, StoreError> {
        self.read(|db| {
            let sql = format!("SELECT {COLUMNS} FROM roll_answer ORDER BY position DESC");
            let mut statement = db.prepare_cached(&sql)?;
            let rows = statement.query_map([], |row| read_from(row, 0))?;
            Ok(rows.collect::<rusqlite::Result<_>>()?)
        })
    }
}
