//! Finding records by what is written in them, also by one or two characters,
//! which a trigram index alone cannot do.
//!
//! The index holds every group of three characters. A word of three or more is
//! a phrase of groups. A shorter one is the beginning of groups, so it is looked
//! up as a range of the index's terms; two spaces at the end of each text see
//! to it that its last characters begin groups too. Measured at 50,000 records,
//! see docs/database.md.
//!
//! A word that occurs in thousands of records is not worth gathering: walking
//! the list in its order meets enough of them at once. So candidates are
//! gathered only up to [`FEW`], and words that exceed it are tested while
//! walking.

use rusqlite::{Connection, OptionalExtension as _, Transaction, params};

use super::StoreError;

/// Most candidates that are gathered before sorting.
const FEW: usize = 2_000;

/// Most words of one query that count.
const MOST_WORDS: usize = 8;

/// What is indexed of a record.
fn indexed(title: &str, search_text: &str) -> String {
    format!("{title}\n{search_text}  ")
}

/// Indexes a new record.
pub(super) fn add(
    tx: &Transaction<'_>,
    key: i64,
    title: &str,
    search_text: &str,
) -> Result<(), StoreError> {
    tx.prepare_cached("INSERT INTO search (rowid, text) VALUES (?1, ?2)")?
        .execute(params![key, indexed(title, search_text)])?;
    Ok(())
}

/// Indexes a record anew if its text changed; called before the row does.
pub(super) fn replace(
    tx: &Transaction<'_>,
    key: i64,
    title: &str,
    search_text: &str,
) -> Result<(), StoreError> {
    let same: Option<bool> = tx
        .prepare_cached("SELECT title = ?2 AND search_text = ?3 FROM record WHERE key = ?1")?
        .query_row(params![key, title, search_text], |row| row.get(0))
        .optional()?;
    if same != Some(true) {
        remove(tx, key)?;
        add(tx, key, title, search_text)?;
    }
    Ok(())
}

/// Takes a record out of the index.
pub(super) fn remove(tx: &Transaction<'_>, key: i64) -> Result<(), StoreError> {
    tx.prepare_cached("DELETE FROM search WHERE rowid = ?1")?.execute([key])?;
    Ok(())
}

/// A query's words, and the few records they narrow the list to.
#[derive(Debug)]
pub(super) struct Search {
    /// Patterns for `LIKE … ESCAPE '\'` that every result matches.
    pub(super) patterns: Vec<String>,
    /// Local numbers that may match; `None` if they are too many to gather.
    pub(super) candidates: Option<Vec<i64>>,
}

/// Prepares a search; `None` if the text has no word.
pub(super) fn plan(db: &Connection, text: &str) -> Result<Option<Search>, StoreError> {
    let words: Vec<String> =
        text.split_whitespace().take(MOST_WORDS).map(str::to_lowercase).collect();
    if words.is_empty() {
        return Ok(None);
    }
    let (long, short): (Vec<&String>, Vec<&String>) =
        words.iter().partition(|word| word.chars().nth(2).is_some());
    let mut candidates = None;
    if !long.is_empty() {
        candidates = few_with_phrases(db, &long)?;
    }
    for word in short {
        if candidates.is_some() {
            break;
        }
        candidates = few_with_beginning(db, word)?;
    }
    let patterns = words.iter().map(|word| like_pattern(word)).collect();
    Ok(Some(Search { patterns, candidates }))
}

fn few_with_phrases(db: &Connection, words: &[&String]) -> Result<Option<Vec<i64>>, StoreError> {
    let phrases: Vec<String> =
        words.iter().map(|word| format!("\"{}\"", word.replace('"', "\"\""))).collect();
    let mut statement =
        db.prepare_cached("SELECT rowid FROM search WHERE search MATCH ?1 LIMIT ?2")?;
    let keys = statement
        .query_map(params![phrases.join(" AND "), limit()], |row| row.get(0))?
        .collect::<rusqlite::Result<Vec<i64>>>()?;
    Ok((keys.len() <= FEW).then_some(keys))
}

fn few_with_beginning(db: &Connection, word: &str) -> Result<Option<Vec<i64>>, StoreError> {
    let mut statement = db.prepare_cached(
        "SELECT DISTINCT doc FROM search_term WHERE term >= ?1 AND term < ?2 LIMIT ?3",
    )?;
    let keys = statement
        .query_map(params![word, format!("{word}\u{10FFFF}"), limit()], |row| row.get(0))?
        .collect::<rusqlite::Result<Vec<i64>>>()?;
    Ok((keys.len() <= FEW).then_some(keys))
}

fn limit() -> i64 {
    i64::try_from(FEW + 1).unwrap_or(i64::MAX)
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
