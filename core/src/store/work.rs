//! Counts of what was done here, from the outbox, and of incidents.

use std::collections::BTreeMap;

use rusqlite::params;
use wangge_model::{CivilDay, RecordKind, case::CaseState};

use super::{Store, StoreError, columns, outbox::Status};

/// Records of one kind that this phone began or changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct DoneSum {
    /// How many.
    pub records: u64,
    /// Of these, with a change the server has not confirmed.
    pub unsent: u64,
}

/// Incidents of the person's grids.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct IncidentSum {
    /// Whose case is not over.
    pub open: u64,
    /// With a change of this phone the server has not confirmed.
    pub unsent: u64,
    /// Of the open ones, disputes.
    pub disputes: u64,
}

impl Store {
    /// What was entered on this phone from one day to another, both included, by
    /// kind. The outbox keeps what was sent, so this reads all of it: about a
    /// hundred rows a day of work.
    pub fn sum_outbox(
        &self,
        first: CivilDay,
        last: CivilDay,
    ) -> Result<BTreeMap<RecordKind, DoneSum>, StoreError> {
        let start = first.start().as_millis();
        let end = last.plus(1).start().as_millis();
        self.read(|db| {
            let mut statement = db.prepare_cached(
                "SELECT record.kind, count(DISTINCT outbox.record),
                     count(DISTINCT CASE WHEN outbox.status <> ?3 THEN outbox.record END)
                 FROM outbox JOIN record ON record.key = outbox.record
                 WHERE outbox.at >= ?1 AND outbox.at < ?2 GROUP BY record.kind",
            )?;
            let receipted = Status::Receipted.number();
            let rows = statement.query_map(params![start, end, receipted], |row| {
                let sum = DoneSum {
                    records: columns::unsigned(row.get(1)?),
                    unsent: columns::unsigned(row.get(2)?),
                };
                Ok((columns::record_kind(row.get(0)?)?, sum))
            })?;
            Ok(rows.collect::<rusqlite::Result<_>>()?)
        })
    }

    /// Counts incidents of the person's grids; `disputes` is how the class of a
    /// dispute begins.
    pub fn count_incidents(&self, disputes: &str) -> Result<IncidentSum, StoreError> {
        self.read(|db| {
            let mut statement = db.prepare_cached(
                "SELECT state, count(*), sum(pending_count > 0),
                     sum(substr(category, 1, length(?2)) = ?2)
                 FROM record
                 WHERE kind = ?1 AND grid IN (SELECT id FROM grid WHERE granted = 1)
                 GROUP BY state",
            )?;
            let mut rows = statement.query(params![RecordKind::Incident.number(), disputes])?;
            let mut sum = IncidentSum::default();
            while let Some(row) = rows.next()? {
                let state: String = row.get(0)?;
                sum.unsent += columns::unsigned(row.get(2)?);
                // A state of a newer server is taken for open.
                let state = CaseState::parse(&state);
                if !state.is_some_and(CaseState::is_over) {
                    sum.open += columns::unsigned(row.get(1)?);
                    sum.disputes += columns::unsigned(row.get(3)?);
                }
            }
            Ok(sum)
        })
    }
}
