//! Finding records by what is written in them, also by one or two characters,
//! which a trigram index alone cannot do.
//!
//! The index holds every group of three characters. A word of three or more is
//! a phrase of groups. A shorter one is the beginning of groups, so it is looked
//! up as a range of the index's terms; two spaces at the end of each text see
//! to it that its last characters begin groups too. Measured at 50,000 records,
//! see docs/database.md.
//!
//! Nothing is indexed while a person or a sync waits, see [`index_some`]; until
//! then [`due`] names what is new or changed, and it is found by reading it.
//! What the index still says of an older text does no harm: every candidate is
//! held against the row.
//!
//! A word that occurs in thousands of records is not worth gathering: walking
//! the list in its order meets enough of them at once. So candidates are
//! gathered only up to [`FEW`], and words that exceed it are tested while
//! walking, unless they are several that may never meet.

use std::collections::HashSet;

use rusqlite::{Connection, OptionalExtension as _, Transaction, params};

use super::{StoreError, columns};

/// Most candidates that are gathered before sorting.
pub(super) const FEW: usize = 2_000;

/// Most records of one word that are held against those of another.
const MANY: usize = 20_000;

/// Pages merged in one step, a few milliseconds' work.
const MERGED_PAGES: i64 = 200;

/// Most words of one query that count.
const MOST_WORDS: usize = 8;

/// What is indexed of a record.
fn indexed(title: &str, search_text: &str) -> String {
    format!("{title}\n{search_text}  ")
}

fn add(tx: &Transaction<'_>, key: i64, title: &str, search_text: &str) -> Result<(), StoreError> {
    tx.prepare_cached("INSERT INTO search (rowid, text) VALUES (?1, ?2)")?
        .execute(params![key, indexed(title, search_text)])?;
    Ok(())
}

/// Leaves a new record to [`index_some`].
pub(super) fn add_later(tx: &Transaction<'_>, key: i64) -> Result<(), StoreError> {
    tx.prepare_cached("INSERT INTO unindexed (record) VALUES (?1)")?
        .execute([key])?;
    Ok(())
}

/// `None` if what is in the index of the record is right; otherwise whether
/// anything of it is there.
fn outdated(tx: &Transaction<'_>, key: i64) -> Result<Option<bool>, StoreError> {
    Ok(tx
        .prepare_cached("SELECT outdated FROM unindexed WHERE record = ?1 AND text_due = 1")?
        .query_row([key], |row| row.get(0))
        .optional()?)
}

/// Records of which the index does not know the present text, if those are at
/// most `most`.
pub(super) fn due(db: &Connection, most: usize) -> Result<Option<Vec<i64>>, StoreError> {
    let keys = db
        .prepare_cached("SELECT record FROM unindexed WHERE text_due = 1 LIMIT ?1")?
        .query_map([columns::length(most + 1)], |row| row.get(0))?
        .collect::<rusqlite::Result<Vec<i64>>>()?;
    Ok((keys.len() <= most).then_some(keys))
}

/// Indexes at most `most` of the records that are due.
pub(super) fn index_some(tx: &Transaction<'_>, most: usize) -> Result<(), StoreError> {
    let records = tx
        .prepare_cached(
            "SELECT key, title, search_text FROM unindexed
             JOIN record ON record.key = unindexed.record
             WHERE unindexed.text_due = 1
             ORDER BY unindexed.record LIMIT ?1",
        )?
        .query_map([columns::length(most)], |row| {
            Ok((
                row.get(0)?,
                row.get::<_, String>(1)?,
                row.get::<_, String>(2)?,
            ))
        })?
        .collect::<rusqlite::Result<Vec<(i64, String, String)>>>()?;
    for (key, title, search_text) in &records {
        index_now(tx, *key, title, search_text)?;
    }
    Ok(())
}

/// Merges some of the pieces the index grows by (one per commit) into larger
/// ones, and answers whether there may be more. FTS5 would do this within
/// whatever commit comes along; at 50,000 records some save took 160 ms and
/// enough log for a checkpoint.
pub(super) fn merge_some(tx: &Transaction<'_>) -> Result<bool, StoreError> {
    let before = tx.total_changes();
    tx.prepare_cached("INSERT INTO search (search, rank) VALUES ('merge', ?1)")?
        .execute([MERGED_PAGES])?;
    // Fewer than two changes is FTS5's own sign that nothing was left to do.
    Ok(tx.total_changes() - before >= 2)
}

/// Brings the index up to date for one record.
pub(super) fn index_now(
    tx: &Transaction<'_>,
    key: i64,
    title: &str,
    search_text: &str,
) -> Result<(), StoreError> {
    forget(tx, key)?;
    tx.prepare_cached("DELETE FROM unindexed WHERE record = ?1 AND facts_due = 0")?
        .execute([key])?;
    tx.prepare_cached("UPDATE unindexed SET text_due = 0, outdated = 0 WHERE record = ?1")?
        .execute([key])?;
    add(tx, key, title, search_text)
}

/// Leaves a record that changed to [`index_some`] (if its text did) and to
/// whoever reads facts; called before the row changes.
pub(super) fn replace_later(
    tx: &Transaction<'_>,
    key: i64,
    title: &str,
    search_text: &str,
) -> Result<(), StoreError> {
    let same: Option<bool> = tx
        .prepare_cached("SELECT title = ?2 AND search_text = ?3 FROM record WHERE key = ?1")?
        .query_row(params![key, title, search_text], |row| row.get(0))
        .optional()?;
    let sql = if same == Some(true) {
        "INSERT INTO unindexed (record, outdated, text_due) VALUES (?1, 0, 0)
         ON CONFLICT (record) DO UPDATE SET facts_due = 1 WHERE facts_due = 0"
    } else {
        // If its text is due already, it will be indexed as it is then.
        "INSERT INTO unindexed (record, outdated) VALUES (?1, 1)
         ON CONFLICT (record) DO UPDATE SET facts_due = 1, text_due = 1,
             outdated = CASE WHEN text_due = 1 THEN outdated ELSE 1 END"
    };
    tx.prepare_cached(sql)?.execute([key])?;
    Ok(())
}

/// Takes a record that goes out of the index.
pub(super) fn remove(tx: &Transaction<'_>, key: i64) -> Result<(), StoreError> {
    forget(tx, key)?;
    tx.prepare_cached("DELETE FROM unindexed WHERE record = ?1")?
        .execute([key])?;
    Ok(())
}

/// Takes out what the index holds of a record, if anything.
fn forget(tx: &Transaction<'_>, key: i64) -> Result<(), StoreError> {
    let outdated = outdated(tx, key)?;
    if outdated != Some(false) {
        tx.prepare_cached("DELETE FROM search WHERE rowid = ?1")?
            .execute([key])?;
    }
    Ok(())
}

/// The words of a query.
#[derive(Debug)]
pub(super) struct Words {
    long: Vec<String>,
    short: Vec<String>,
}

impl Words {
    /// The words of a text; `None` if it has none.
    pub(super) fn of(text: &str) -> Option<Self> {
        let (long, short): (Vec<String>, Vec<String>) = text
            // No record holds control characters, and a zero would end the
            // index's query in the middle of a quotation.
            .split(|c: char| c.is_whitespace() || c.is_control())
            .filter(|word| !word.is_empty())
            .take(MOST_WORDS)
            .map(str::to_lowercase)
            .partition(|word| word.chars().nth(2).is_some());
        (!long.is_empty() || !short.is_empty()).then_some(Self { long, short })
    }

    /// Patterns for `LIKE … ESCAPE '\'` that every result matches.
    pub(super) fn patterns(&self) -> impl Iterator<Item = String> {
        self.long
            .iter()
            .chain(&self.short)
            .map(|word| like_pattern(word))
    }

    /// The records that may match, if one word alone or the long ones together
    /// leave few.
    pub(super) fn few(&self, db: &Connection) -> Result<Option<Vec<i64>>, StoreError> {
        if !self.long.is_empty()
            && let Some(few) = with_phrases(db, &self.long, FEW)?
        {
            return Ok(Some(few));
        }
        for word in &self.short {
            if let Some(few) = with_beginning(db, word, FEW)? {
                return Ok(Some(few));
            }
        }
        Ok(None)
    }

    /// Whether the words are each common but may never meet, so that walking
    /// might not end early.
    pub(super) fn may_never_meet(&self) -> bool {
        self.short.len() + usize::from(!self.long.is_empty()) > 1
    }

    /// The records where the words do meet, if those are few. A word in nearly
    /// every record narrows nothing and is left out.
    pub(super) fn meeting(&self, db: &Connection) -> Result<Option<Vec<i64>>, StoreError> {
        let mut both: Option<HashSet<i64>> = None;
        let mut narrow = |keys: Option<Vec<i64>>| {
            if let Some(keys) = keys {
                both = Some(match both.take() {
                    None => keys.into_iter().collect(),
                    Some(known) => keys.into_iter().filter(|key| known.contains(key)).collect(),
                });
            }
        };
        if !self.long.is_empty() {
            narrow(with_phrases(db, &self.long, MANY)?);
        }
        for word in &self.short {
            narrow(with_beginning(db, word, MANY)?);
        }
        Ok(both
            .filter(|both| both.len() <= FEW)
            .map(|both| both.into_iter().collect()))
    }
}

/// The records with all of these words of three characters or more; `None` if
/// there are more than `most`.
fn with_phrases(
    db: &Connection,
    words: &[String],
    most: usize,
) -> Result<Option<Vec<i64>>, StoreError> {
    let phrases: Vec<String> = words
        .iter()
        .map(|word| format!("\"{}\"", word.replace('"', "\"\"")))
        .collect();
    let mut statement =
        db.prepare_cached("SELECT rowid FROM search WHERE search MATCH ?1 LIMIT ?2")?;
    let keys = statement
        .query_map(
            params![phrases.join(" AND "), columns::length(most + 1)],
            |row| row.get(0),
        )?
        .collect::<rusqlite::Result<Vec<i64>>>()?;
    Ok((keys.len() <= most).then_some(keys))
}

/// The records with this word of one or two characters; `None` if there are
/// more than `most`.
fn with_beginning(
    db: &Connection,
    word: &str,
    most: usize,
) -> Result<Option<Vec<i64>>, StoreError> {
    let mut statement = db.prepare_cached(
        "SELECT DISTINCT doc FROM search_term WHERE term >= ?1 AND term < ?2 LIMIT ?3",
    )?;
    let keys = statement
        .query_map(
            params![word, format!("{word}\u{10FFFF}"), columns::length(most + 1)],
            |row| row.get(0),
        )?
        .collect::<rusqlite::Result<Vec<i64>>>()?;
    Ok((keys.len() <= most).then_some(keys))
}

fn like_pattern(word: &str) -> String {
    let mut pattern = String::from("%");
    for c in word.chars() {
        if matches!(c, '%' | '_' | '\\') {
            pattern.push('\\');
        }
        pattern.push(c);
    }
    pattern.push('%');
    pattern
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn signs_with_a_meaning_in_patterns_are_taken_literally() {
        assert_eq!(like_pattern("50%_\\"), "%50\\%\\_\\\\%");
    }
}
