//! Lists and counts, from the list rows alone.

use rusqlite::{Connection, OptionalExtension as _, Row, params_from_iter, types::Value};
use wangge_model::{ChangeHash, RecordId, RecordSummary, Timestamp};

use super::{
    Store, StoreError,
    alias::{self, Aliases},
    columns,
    search::{self, Words},
};
use crate::record::{RecordQuery, RecordRow, RecordState, Refusal, StateCounts};

/// Rows of a page if the caller does not say.
const USUAL_LIMIT: u32 = 50;
/// Most rows of a page.
const MOST_LIMIT: u32 = 500;

/// The latest records in which words that are each common are looked for first.
const NEAR: u32 = 2_000;

const ROW_COLUMNS: &str = "id, kind, grid, sync_state, pending_count, refusal_count, title, \
    person_name, phone, state, category, urgency, number, household, occurred_at, member_count, \
    conflict_count, edited_at, \
    (SELECT place FROM list_detail WHERE list_detail.record = record.key), \
    (SELECT residence FROM list_detail WHERE list_detail.record = record.key), \
    (SELECT merged_into FROM alias WHERE alias.record = record.key), \
    (SELECT case_summary FROM list_detail WHERE list_detail.record = record.key)";

fn read_row(row: &Row<'_>) -> rusqlite::Result<RecordRow> {
    let household = row.get_ref(13)?.as_blob_or_null()?;
    let place = row.get_ref(18)?.as_blob_or_null()?;
    let merged_into = row.get_ref(20)?.as_blob_or_null()?;
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
            place: place.map(columns::record_id).transpose()?,
            residence: row.get(19)?,
            merged_into: merged_into.map(columns::record_id).transpose()?,
            source: None,
            // Unreadable only if another build wrote it: the list does without.
            case: row
                .get_ref(21)?
                .as_blob_or_null()?
                .and_then(|bytes| columns::decode(bytes).ok()),
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

/// All records, by whatever index suits.
const ALL: &str = "record";
/// The few that are not settled at the server, by the index that names them.
const UNSETTLED: &str = "record INDEXED BY record_unsettled";

/// Conditions on `record` and the values for their question marks.
#[derive(Clone)]
struct Filter {
    /// What is read: [`ALL`] or [`UNSETTLED`].
    source: &'static str,
    conditions: Vec<&'static str>,
    values: Vec<Value>,
    /// Whether it names the records, so that looking each up and sorting beats
    /// walking an index until a page is full.
    names_records: bool,
}

impl Filter {
    /// What the query says besides its text.
    fn of(db: &Connection, query: &RecordQuery) -> Result<Self, StoreError> {
        let mut filter = Self {
            source: ALL,
            conditions: Vec::new(),
            values: Vec::new(),
            names_records: false,
        };
        if let Some(kind) = query.kind {
            filter.add("kind = ?", [i64::from(kind.number()).into()]);
        }
        if let Some(grid) = query.grid {
            filter.add("grid = ?", [grid.as_bytes().to_vec().into()]);
        }
        if let Some(household) = query.household {
            match Aliases::load(db)?.with_aliases(household).as_slice() {
                [one] => filter.add("household = ?", [one.as_bytes().to_vec().into()]),
                several => {
                    filter.names_records = true;
                    filter.add(
                        "household IN (SELECT unhex(value) FROM json_each(?))",
                        [hex_list(several).into()],
                    );
                }
            }
        }
        if let Some(place) = query.place {
            filter.names_records = true;
            filter.add(
                "key IN (SELECT record FROM list_detail
                         WHERE place IN (SELECT unhex(value) FROM json_each(?)))",
                [hex_list(&Aliases::load(db)?.with_aliases(place)).into()],
            );
        }
        // What is unsent or refused is shown wherever it is, in an alias too.
        if matches!(query.state, None | Some(RecordState::AtServer)) {
            filter.add(alias::IS_NONE, []);
        }
        match query.state {
            None => {}
            Some(state @ (RecordState::OnPhone | RecordState::NeedsAttention)) => {
                filter.names_records = true;
                filter.source = UNSETTLED;
                filter.add(
                    "sync_state <> 1 AND sync_state = ?",
                    [state_number(state).into()],
                );
            }
            Some(RecordState::AtServer) => filter.add("+sync_state = 1", []),
        }
        if let Some(after) = query.after {
            let position: Option<(i64, i64)> = db
                .prepare_cached("SELECT sorted_at, key FROM record WHERE id = ?1")?
                .query_row([after.as_bytes()], |row| Ok((row.get(0)?, row.get(1)?)))
                .optional()?;
            if let Some((sorted_at, key)) = position {
                filter.add("(sorted_at, key) < (?, ?)", [sorted_at.into(), key.into()]);
            }
        }
        Ok(filter)
    }

    fn add<const N: usize>(&mut self, condition: &'static str, values: [Value; N]) {
        self.conditions.push(condition);
        self.values.extend(values);
    }

    /// Only these records.
    fn among(mut self, keys: &[i64]) -> Self {
        self.names_records = true;
        self.source = ALL;
        let keys: Vec<String> = keys.iter().map(ToString::to_string).collect();
        self.add(
            "key IN (SELECT value FROM json_each(?))",
            [format!("[{}]", keys.join(",")).into()],
        );
        self
    }

    /// Only records that contain every word.
    fn matching(mut self, words: &Words) -> Self {
        for pattern in words.patterns() {
            self.add(
                "(title LIKE ? ESCAPE '\\' OR search_text LIKE ? ESCAPE '\\')",
                [pattern.clone().into(), pattern.into()],
            );
        }
        self
    }

    fn select(&self, columns: &str, limit: u32) -> String {
        let condition = if self.conditions.is_empty() {
            "1".to_owned()
        } else {
            self.conditions.join(" AND ")
        };
        // The plus sign keeps SQLite from using an index for the order.
        let plus = if self.names_records { "+" } else { "" };
        format!(
            "SELECT {columns} FROM {} WHERE {condition}
             ORDER BY {plus}sorted_at DESC, key DESC LIMIT {limit}",
            self.source
        )
    }

    fn list(&self, db: &Connection, limit: u32) -> Result<Vec<RecordRow>, StoreError> {
        Ok(db
            .prepare_cached(&self.select(ROW_COLUMNS, limit))?
            .query_map(params_from_iter(&self.values), read_row)?
            .collect::<rusqlite::Result<_>>()?)
    }

    fn latest(&self, db: &Connection, limit: u32) -> Result<Vec<i64>, StoreError> {
        Ok(db
            .prepare_cached(&self.select("key", limit))?
            .query_map(params_from_iter(&self.values), |row| row.get(0))?
            .collect::<rusqlite::Result<_>>()?)
    }
}

impl Store {
    /// The list row of a record.
    pub fn find_row(&self, id: RecordId) -> Result<Option<RecordRow>, StoreError> {
        self.read(|db| {
            let sql = format!("SELECT {ROW_COLUMNS} FROM record WHERE id = ?1");
            Ok(db
                .prepare_cached(&sql)?
                .query_row([id.as_bytes()], read_row)
                .optional()?)
        })
    }

    /// The list rows of these records, those that are on the phone.
    pub fn list_rows(&self, ids: &[RecordId]) -> Result<Vec<RecordRow>, StoreError> {
        self.read(|db| {
            let sql = format!("SELECT {ROW_COLUMNS} FROM record WHERE id = ?1");
            let mut statement = db.prepare_cached(&sql)?;
            let mut rows = Vec::with_capacity(ids.len());
            for id in ids {
                rows.extend(statement.query_row([id.as_bytes()], read_row).optional()?);
            }
            Ok(rows)
        })
    }

    /// One page of a list or search.
    pub fn list_records(&self, query: &RecordQuery) -> Result<Vec<RecordRow>, StoreError> {
        self.read(|db| {
            let filter = Filter::of(db, query)?;
            let limit = match query.limit {
                0 => USUAL_LIMIT,
                limit => limit.min(MOST_LIMIT),
            };
            let Some(text) = &query.text else {
                return filter.list(db, limit);
            };
            let Some(words) = Words::of(text) else {
                return Ok(Vec::new());
            };
            let Some(due) = search::due(db, search::FEW)? else {
                // So much is not indexed yet that only reading finds all.
                return filter.matching(&words).list(db, limit);
            };
            if let Some(mut few) = words.few(db)? {
                few.extend(&due);
                return filter.among(&few).matching(&words).list(db, limit);
            }
            if words.may_never_meet() {
                // Most often the latest records hold a page of them.
                let latest = filter.latest(db, NEAR)?;
                let near = filter.clone().among(&latest).matching(&words);
                let rows = near.list(db, limit)?;
                if columns::length(rows.len()) == i64::from(limit) {
                    return Ok(rows);
                }
                if let Some(mut few) = words.meeting(db)? {
                    few.extend(&due);
                    return filter.among(&few).matching(&words).list(db, limit);
                }
            }
            filter.matching(&words).list(db, limit)
        })
    }

    /// How many records are in which state.
    pub fn count_states(&self) -> Result<StateCounts, StoreError> {
        self.read(|db| {
            let total: i64 = db
                .prepare_cached("SELECT count(*) FROM record")?
                .query_row([], |row| row.get(0))?;
            // An alias counts only as long as somebody must know of it.
            let aliases: i64 = db
                .prepare_cached(
                    "SELECT count(*) FROM alias JOIN record ON record.key = alias.record
                     WHERE record.sync_state = 1",
                )?
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
            counts.at_server = columns::unsigned(total - aliases)
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

/// Ids as a JSON list of hexadecimal texts.
fn hex_list(ids: &[RecordId]) -> String {
    let ids: Vec<String> = ids
        .iter()
        .map(|id| format!("\"{}\"", id.to_string().replace('-', "")))
        .collect();
    format!("[{}]", ids.join(","))
}

fn read_hash(row: &Row<'_>, index: usize) -> rusqlite::Result<ChangeHash> {
    columns::change_hash(row.get_ref(index)?.as_blob()?)
}
