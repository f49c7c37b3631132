//! Lists and counts, from the list rows alone.

use rusqlite::{OptionalExtension as _, Row, ToSql};
use wangge_model::{ChangeHash, RecordId, RecordSummary, Timestamp};

use super::{Store, StoreError, columns, search};
use crate::record::{RecordQuery, RecordRow, RecordState, Refusal, StateCounts};

/// Rows of a page if the caller does not say.
const USUAL_LIMIT: u32 = 50;
/// Most rows of a page.
const MOST_LIMIT: u32 = 500;

const ROW_COLUMNS: &str = "id, kind, grid, sync_state, pending_count, refusal_count, title, \
    person_name, phone, state, category, urgency, number, household, occurred_at, member_count, \
    conflict_count, edited_at";

fn read_row(row: &Row<'_>) -> rusqlite::Result<RecordRow> {
    let household = row.get_ref(13)?.as_blob_or_null()?;
    Ok(RecordRow {
        id: columns::record_id(row.get_ref(0)?.as_blob()?)?,
        kind: columns::record_kind(row.get(1)?)?,
        grid: columns::grid_id(row.get_ref(2)?.as_blob()?)?,
        state: match row.get::<_, i64>(3)? {
            0 => RecordState::OnPhone,
            1 => RecordState::AtServer,
            _ => RecordState::NeedsAttention,
        },
        pending_count: columns::count(row.get(4)?),
        refusal_count: columns::count(row.get(5)?),
        summary: RecordSummary {
            title: row.get(6)?,
            person_name: row.get(7)?,
            phone: row.get(8)?,
            state: row.get(9)?,
            category: row.get(10)?,
            urgency: row.get(11)?,
            number: row.get(12)?,
            household: household.map(columns::record_id).transpose()?,
            occurred_at: row.get::<_, Option<i64>>(14)?.map(Timestamp::from_millis),
            member_count: columns::count(row.get(15)?),
            conflict_count: columns::count(row.get(16)?),
            edited_at: Timestamp::from_millis(row.get(17)?),
            search_text: String::new(),
        },
    })
}

const fn state_number(state: RecordState) -> i64 {
    match state {
        RecordState::OnPhone => 0,
        RecordState::AtServer => 1,
        RecordState::NeedsAttention => 2,
    }
}

impl Store {
    /// The list row of a record.
    pub fn find_row(&self, id: RecordId) -> Result<Option<RecordRow>, StoreError> {
        self.read(|db| {
            let sql = format!("SELECT {ROW_COLUMNS} FROM record WHERE id = ?1");
            Ok(db.prepare_cached(&sql)?.query_row([id.as_bytes()], read_row).optional()?)
        })
    }

    /// One page of a list or search.
    pub fn list_records(&self, query: &RecordQuery) -> Result<Vec<RecordRow>, StoreError> {
        self.read(|db| {
            let mut conditions: Vec<&str> = Vec::new();
            let mut values: Vec<Box<dyn ToSql>> = Vec::new();
            if let Some(kind) = query.kind {
                conditions.push("kind = ?");
                values.push(Box::new(kind.number()));
            }
            if let Some(grid) = query.grid {
                conditions.push("grid = ?");
                values.push(Box::new(*grid.as_bytes()));
            }
            if let Some(household) = query.household {
                conditions.push("household = ?");
                values.push(Box::new(*household.as_bytes()));
            }
            match query.state {
                None => {}
                // Named so that the small index of unsettled records is used.
                Some(state @ (RecordState::OnPhone | RecordState::NeedsAttention)) => {
                    conditions.push("sync_state <> 1 AND sync_state = ?");
                    values.push(Box::new(state_number(state)));
                }
                Some(RecordState::AtServer) => conditions.push("+sync_state = 1"),
            }
            if let Some(plan) = query.text.as_deref().map(|text| search::plan(db, text)) {
                let Some(plan) = plan? else { return Ok(Vec::new()) };
                if let Some(keys) = plan.candidates {
                    if keys.is_empty() {
                        return Ok(Vec::new());
                    }
                    conditions.push("key IN (SELECT value FROM json_each(?))");
                    let keys: Vec<String> = keys.iter().map(ToString::to_string).collect();
                    values.push(Box::new(format!("[{}]", keys.join(","))));
                }
                for pattern in plan.patterns {
                    conditions
                        .push("(title LIKE ? ESCAPE '\\' OR search_text LIKE ? ESCAPE '\\')");
                    values.push(Box::new(pattern.clone()));
                    values.push(Box::new(pattern));
                }
            }
            if let Some(after) = query.after {
                let position: Option<(i64, i64)> = db
                    .prepare_cached("SELECT sorted_at, key FROM record WHERE id = ?1")?
                    .query_row([after.as_bytes()], |row| Ok((row.get(0)?, row.get(1)?)))
                    .optional()?;
                if let Some((sorted_at, key)) = position {
                    conditions.push("(sorted_at, key) < (?, ?)");
                    values.push(Box::new(sorted_at));
                    values.push(Box::new(key));
                }
            }
            let condition =
                if conditions.is_empty() { "1".to_owned() } else { conditions.join(" AND ") };
            let limit = match query.limit {
                0 => USUAL_LIMIT,
                limit => limit.min(MOST_LIMIT),
            };
            let sql = format!(
                "SELECT {ROW_COLUMNS} FROM record WHERE {condition}
                 ORDER BY sorted_at DESC, key DESC LIMIT {limit}"
            );
            let rows = db
                .prepare_cached(&sql)?
                .query_map(rusqlite::params_from_iter(values), read_row)?
                .collect::<rusqlite::Result<Vec<_>>>()?;
            Ok(rows)
        })
    }

    /// How many records are in which state.
    pub fn count_states(&self) -> Result<StateCounts, StoreError> {
        self.read(|db| {
            let total: i64 = db
                .prepare_cached("SELECT count(*) FROM record")?
                .query_row([], |row| row.get(0))?;
            let mut counts = StateCounts::default();
            let mut statement = db.prepare_cached(
                "SELECT sync_state, count(*) FROM record WHERE sync_state <> 1
                 GROUP BY sync_state",
            )?;
            let mut rows = statement.query([])?;
            while let Some(row) = rows.next()? {
                let count = columns::unsigned(row.get(1)?);
                match row.get::<_, i64>(0)? {
                    0 => counts.on_phone = count,
                    _ => counts.needs_attention = count,
                }
            }
            counts.at_server = columns::unsigned(total)
                .saturating_sub(counts.on_phone)
                .saturating_sub(counts.needs_attention);
            Ok(counts)
        })
    }

    /// What the server refused, latest first, with unsent changes of records
    /// that were erased meanwhile.
    pub fn list_refusals(&self) -> Result<Vec<Refusal>, StoreError> {
        self.read(|db| {
            let mut statement = db.prepare_cached(
                "SELECT record.id, record.title, refusal.hash, refusal.code, refusal.detail,
                     refusal.at
                 FROM refusal JOIN record ON record.key = refusal.record
                 UNION ALL
                 SELECT record, '', hash, 'erased', '', at FROM erased WHERE hash IS NOT NULL
                 ORDER BY 6 DESC",
            )?;
            let refusals = statement
                .query_map([], |row| {
                    Ok(Refusal {
                        record: columns::record_id(row.get_ref(0)?.as_blob()?)?,
                        title: row.get(1)?,
                        hash: read_hash(row, 2)?,
                        code: row.get(3)?,
                        detail: row.get(4)?,
                        at: Timestamp::from_millis(row.get(5)?),
                    })
                })?
                .collect::<rusqlite::Result<Vec<_>>>()?;
            Ok(refusals)
        })
    }
}

fn read_hash(row: &Row<'_>, index: usize) -> rusqlite::Result<ChangeHash> {
    columns::change_hash(row.get_ref(index)?.as_blob()?)
}
