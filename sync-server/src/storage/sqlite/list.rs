//! Pages of a list, in a person's scope, at the size of a district.
//!
//! Three ways, by what is asked. A list of a few grids is read from each grid's
//! own index and sorted. One of many grids is walked newest first until the page
//! is full. A text is looked up in the search index; what that does not know yet
//! is read. Whatever else is asked (conflicts, what belongs to one household,
//! another order) is few records and is read.

use std::{cmp::Reverse, collections::BinaryHeap, fmt::Write as _};

use rusqlite::{Connection, ToSql};
use wangge_model::{PersonId, Timestamp};

use super::{
    duplicate::with_aliases,
    finding::{MatchQuery, match_query},
    record::{LISTED_COLUMNS, listed},
    row::{self, SUMMARY_COLUMNS},
    scope::in_scope,
};
use crate::storage::{RecordFilter, RecordOrder, RecordPage, StorageResult};

/// Grids of a scope up to which each one's index is read; beyond, walking all
/// records meets enough of them at once.
const FEW_GRIDS: u64 = 64;
/// Most words of a query that count.
const MOST_WORDS: usize = 8;

/// Values to bind, by name.
type Named = Vec<(String, Box<dyn ToSql>)>;

/// One list that is asked for.
struct Asked<'a> {
    connection: &'a Connection,
    person: [u8; 16],
    at: i64,
    filter: &'a RecordFilter,
    words: Vec<String>,
}

pub(super) fn list(
    connection: &Connection,
    person: &PersonId,
    at: Timestamp,
    filter: &RecordFilter,
) -> StorageResult<RecordPage> {
    let asked = Asked {
        connection,
        person: *person.as_bytes(),
        at: at.as_millis(),
        filter,
        words: words(&filter.text),
    };
    let is_plain = filter.household.is_none()
        && filter.source.is_none()
        && !filter.has_conflict
        && filter.order == RecordOrder::Edited;
    if !is_plain {
        return asked.read();
    }
    if !asked.words.is_empty() {
        return match match_query(connection, &asked.words)? {
            Some(query) => asked.search(&query),
            None => asked.read(),
        };
    }
    if filter.kind.is_none() {
        return asked.read();
    }
    asked.walk()
}

/// The words of a query. No record holds control characters, and a zero would
/// end the index's query in the middle of a quotation.
fn words(text: &str) -> Vec<String> {
    text.split(|c: char| c.is_whitespace() || c.is_control())
        .filter(|word| !word.is_empty())
        .take(MOST_WORDS)
        .map(str::to_lowercase)
        .collect()
}

impl Asked<'_> {
    fn bound<'a>(&'a self, values: &'a Named) -> Vec<(&'a str, &'a dyn ToSql)> {
        let mut bound: Vec<(&str, &dyn ToSql)> = vec![(":person", &self.person), (":at", &self.at)];
        bound.extend(
            values
                .iter()
                .map(|(name, value)| (name.as_str(), value.as_ref())),
        );
        bound
    }

    fn count(&self, query: &str, values: &Named) -> StorageResult<u64> {
        let count = self
            .connection
            .prepare_cached(&in_scope(query))?
            .query_row(self.bound(values).as_slice(), |row| row.get(0))?;
        Ok(row::count(count))
    }

    /// The rows of the records that `ids` (a query of ids) answers, in `order`.
    fn rows(
        &self,
        ids: &str,
        order: &str,
        values: &Named,
        total: u64,
    ) -> StorageResult<RecordPage> {
        let sql = in_scope(&format!(
            "SELECT {LISTED_COLUMNS}, {SUMMARY_COLUMNS} FROM ({ids}) AS page
             JOIN record ON record.id = page.id
             JOIN scope_record
                 ON scope_record.id = record.grid AND scope_record.kind = record.kind
             ORDER BY {order}"
        ));
        let mut statement = self.connection.prepare_cached(&sql)?;
        let rows = statement.query_map(self.bound(values).as_slice(), |row| listed(row, 0))?;
        Ok(RecordPage {
            records: row::collect(rows)?,
            total,
        })
    }

    /// Reads every record in scope that may be meant.
    fn read(&self) -> StorageResult<RecordPage> {
        let (conditions, mut values) = conditions(self.filter);
        let (texts, text_values) = text_conditions(&self.words);
        values.extend(text_values);
        let from = format!(
            "FROM record JOIN scope_record
                 ON scope_record.id = record.grid AND scope_record.kind = record.kind
             WHERE record.merged_into IS NULL {conditions} {texts}"
        );
        let total = self.count(&format!("SELECT count(*) {from}"), &values)?;
        let order = match self.filter.order {
            RecordOrder::Edited => "record.edited_at DESC, record.id DESC",
            RecordOrder::Title => "record.title, record.id",
        };
        self.add_page(&mut values);
        let ids =
            format!("SELECT record.id AS id {from} ORDER BY {order} LIMIT :limit OFFSET :offset");
        self.rows(&ids, order, &values, total)
    }

    fn add_page(&self, values: &mut Named) {
        values.push((":limit".to_owned(), Box::new(self.filter.limit)));
        values.push((
            ":offset".to_owned(),
            Box::new(row::integer(self.filter.offset)),
        ));
    }

    /// A list of one kind without words, along the indexes.
    fn walk(&self) -> StorageResult<RecordPage> {
        let (conditions, mut values) = conditions(self.filter);
        let few = format!(
            "FROM scope_record CROSS JOIN record INDEXED BY record_list
                 ON record.grid = scope_record.id AND record.kind = scope_record.kind
             WHERE record.merged_into IS NULL {conditions}"
        );
        let total = self.count(&format!("SELECT count(*) {few}"), &values)?;
        let grids = match self.filter.grid {
            Some(_) => 1,
            None => self.count("SELECT count(DISTINCT id) FROM scope_record", &Named::new())?,
        };
        let from = if grids <= FEW_GRIDS {
            few
        } else {
            format!(
                "FROM record INDEXED BY record_recent
                 WHERE (record.grid, record.kind) IN (SELECT id, kind FROM scope_record)
                     AND record.merged_into IS NULL {conditions}"
            )
        };
        let order = "record.edited_at DESC, record.id DESC";
        self.add_page(&mut values);
        let ids =
            format!("SELECT record.id AS id {from} ORDER BY {order} LIMIT :limit OFFSET :offset");
        self.rows(&ids, order, &values, total)
    }

    /// The records that the search index answers, and those among the ones it
    /// does not know yet that fit.
    fn search(&self, query: &MatchQuery) -> StorageResult<RecordPage> {
        let wanted = usize::try_from(self.filter.offset)
            .unwrap_or(usize::MAX)
            .saturating_add(self.filter.limit as usize);
        let mut newest = Newest::new(wanted);
        let unindexed = self.find_unindexed(&mut newest)?;
        let (conditions, mut values) = conditions(self.filter);
        // A text of single characters is read off their index; of others they
        // narrow what the groups answer.
        let (from, matches) = match (&query.groups, &query.characters) {
            (Some(_), None) => ("search", "search MATCH :groups"),
            (None, _) => (
                "search_character AS search",
                "search_character MATCH :characters",
            ),
            (Some(_), Some(_)) => (
                "search",
                "search MATCH :groups AND search.rowid IN (
                     SELECT rowid FROM search_character WHERE search_character MATCH :characters)",
            ),
        };
        for (name, asked) in [
            (":groups", &query.groups),
            (":characters", &query.characters),
        ] {
            if let Some(asked) = asked {
                values.push((name.to_owned(), Box::new(asked.clone())));
            }
        }
        let known = if unindexed {
            "AND NOT EXISTS (SELECT 1 FROM unindexed WHERE unindexed.record = record.record)"
        } else {
            ""
        };
        // `indexed` stands in for the record: it has the columns that narrow a
        // list, without the rest.
        let sql = in_scope(&format!(
            "SELECT record.edited_at, record.record
             FROM {from} CROSS JOIN indexed AS record ON record.number = search.rowid
             WHERE {matches}
                 AND (record.grid, record.kind) IN (SELECT id, kind FROM scope_record)
                 {conditions} {known}"
        ));
        let mut statement = self.connection.prepare_cached(&sql)?;
        let mut rows = statement.query(self.bound(&values).as_slice())?;
        while let Some(row) = rows.next()? {
            newest.take(row.get(0)?, row.get(1)?);
        }
        let total = newest.total;
        let page = newest.page(self.filter.offset);
        let ids = format!("SELECT unhex(value) AS id FROM json_each('{page}')");
        let order = "record.edited_at DESC, record.id DESC";
        self.rows(&ids, order, &Named::new(), total)
    }

    /// Reads the records that wait to be indexed; answers whether there are any.
    fn find_unindexed(&self, newest: &mut Newest) -> StorageResult<bool> {
        let any: bool = self
            .connection
            .prepare_cached("SELECT EXISTS (SELECT 1 FROM unindexed)")?
            .query_row([], |row| row.get(0))?;
        if !any {
            return Ok(false);
        }
        let (conditions, mut values) = conditions(self.filter);
        let (texts, text_values) = text_conditions(&self.words);
        values.extend(text_values);
        let sql = in_scope(&format!(
            "SELECT record.edited_at, record.id
             FROM unindexed CROSS JOIN record ON record.id = unindexed.record
             WHERE (record.grid, record.kind) IN (SELECT id, kind FROM scope_record)
                 AND record.merged_into IS NULL {conditions} {texts}"
        ));
        let mut statement = self.connection.prepare_cached(&sql)?;
        let mut rows = statement.query(self.bound(&values).as_slice())?;
        while let Some(row) = rows.next()? {
            newest.take(row.get(0)?, row.get(1)?);
        }
        Ok(true)
    }
}

/// Keeps the newest of many records and counts all.
struct Newest {
    wanted: usize,
    total: u64,
    kept: BinaryHeap<Reverse<(i64, [u8; 16])>>,
}

impl Newest {
    fn new(wanted: usize) -> Self {
        Self {
            wanted,
            total: 0,
            kept: BinaryHeap::new(),
        }
    }

    fn take(&mut self, edited_at: i64, id: [u8; 16]) {
        self.total += 1;
        if self.kept.len() < self.wanted {
            self.kept.push(Reverse((edited_at, id)));
        } else if let Some(mut oldest) = self.kept.peek_mut()
            && oldest.0 < (edited_at, id)
        {
            *oldest = Reverse((edited_at, id));
        }
    }

    /// The ids from `offset` on, as a JSON list of hexadecimal texts.
    fn page(self, offset: u64) -> String {
        let sorted = self.kept.into_sorted_vec();
        let offset = usize::try_from(offset).unwrap_or(usize::MAX);
        let ids: Vec<String> = sorted
            .iter()
            .skip(offset)
            .map(|Reverse((_, id))| format!("\"{}\"", hex::encode(id)))
            .collect();
        format!("[{}]", ids.join(","))
    }
}

/// The conditions of a filter besides its words, on `record`, and the values to
/// bind to them.
fn conditions(filter: &RecordFilter) -> (String, Named) {
    let mut sql = String::new();
    let mut values = Named::new();
    let mut add = |condition: &str, name: &str, value: Box<dyn ToSql>| {
        // Writing to a string does not fail.
        let _ = write!(sql, " AND {condition}");
        values.push((name.to_owned(), value));
    };
    if let Some(kind) = filter.kind {
        add("record.kind = :kind", ":kind", Box::new(kind.number()));
    }
    if let Some(grid) = filter.grid {
        add("record.grid = :grid", ":grid", Box::new(*grid.as_bytes()));
    }
    if let Some(state) = &filter.state {
        add("record.state = :state", ":state", Box::new(state.clone()));
    }
    if let Some(household) = filter.household {
        let value = Box::new(*household.as_bytes());
        let same = format!("record.household IN ({})", with_aliases(":household"));
        add(&same, ":household", value);
    }
    if let Some(place) = filter.place {
        let value = Box::new(*place.as_bytes());
        let same = format!("record.place IN ({})", with_aliases(":place"));
        add(&same, ":place", value);
    }
    if let Some(source) = &filter.source {
        add(
            "record.source = :source",
            ":source",
            Box::new(source.clone()),
        );
    }
    if filter.has_conflict {
        sql.push_str(" AND record.conflict_count > 0");
    }
    (sql, values)
}

/// The words as conditions on a record that is read.
fn text_conditions(words: &[String]) -> (String, Named) {
    let mut sql = String::new();
    let mut values = Named::new();
    for (number, word) in words.iter().enumerate() {
        let name = format!(":word{number}");
        // Writing to a string does not fail.
        let _ = write!(
            sql,
            " AND (record.title LIKE {name} ESCAPE '\\'
                   OR record.search_text LIKE {name} ESCAPE '\\')"
        );
        let escaped = word
            .replace('\\', "\\\\")
            .replace('%', "\\%")
            .replace('_', "\\_");
        values.push((name, Box::new(format!("%{escaped}%"))));
    }
    (sql, values)
}
