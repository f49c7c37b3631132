//! Brings a database to the newest layout, one transaction per step. A step
//! that shipped is never edited; a correction is the next step.

use rusqlite::{Connection, TransactionBehavior};

use super::StoreError;

/// A step: its name, and the SQL that leads to the version of its place.
pub(super) type Step = (&'static str, &'static str);

/// Every step of this build.
pub(super) const MIGRATIONS: &[Step] = &[
    ("0001_initial", include_str!("migrations/0001_initial.sql")),
    (
        "0002_index_later",
        include_str!("migrations/0002_index_later.sql"),
    ),
    (
        "0003_recovery",
        include_str!("migrations/0003_recovery.sql"),
    ),
    ("0004_proofs", include_str!("migrations/0004_proofs.sql")),
    ("0005_moves", include_str!("migrations/0005_moves.sql")),
    (
        "0006_fewer_pages",
        include_str!("migrations/0006_fewer_pages.sql"),
    ),
    (
        "0007_places_and_duplicates",
        include_str!("migrations/0007_places_and_duplicates.sql"),
    ),
    (
        "0008_reference_sets",
        include_str!("migrations/0008_reference_sets.sql"),
    ),
    (
        "0009_visit_facts",
        include_str!("migrations/0009_visit_facts.sql"),
    ),
    ("0010_merges", include_str!("migrations/0010_merges.sql")),
    ("0011_cases", include_str!("migrations/0011_cases.sql")),
    ("0012_people", include_str!("migrations/0012_people.sql")),
];

/// Version of the file, 0 for an empty one.
fn version(connection: &Connection) -> Result<i64, StoreError> {
    Ok(connection.query_row("PRAGMA user_version", [], |row| row.get(0))?)
}

/// Refuses a database of a newer build.
pub(super) fn check_version(connection: &Connection, further: &[Step]) -> Result<(), StoreError> {
    check(connection, &all(further)).map(|_| ())
}

fn check(connection: &Connection, steps: &[Step]) -> Result<usize, StoreError> {
    let found = version(connection)?;
    match usize::try_from(found) {
        Ok(done) if done <= steps.len() => Ok(done),
        _ => Err(StoreError::NewerData {
            found,
            known: i64::try_from(steps.len()).unwrap_or(i64::MAX),
        }),
    }
}

/// Runs the steps the database lacks; `further` ones follow this build's.
pub(super) fn migrate(connection: &mut Connection, further: &[Step]) -> Result<(), StoreError> {
    run(connection, &all(further))
}

fn all(further: &[Step]) -> Vec<Step> {
    [MIGRATIONS, further].concat()
}

fn run(connection: &mut Connection, steps: &[Step]) -> Result<(), StoreError> {
    let done = check(connection, steps)?;
    for (index, (name, sql)) in steps.iter().enumerate().skip(done) {
        let step = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
        step.execute_batch(sql)?;
        step.pragma_update(
            None,
            "user_version",
            i64::try_from(index + 1).unwrap_or(i64::MAX),
        )?;
        step.commit()?;
        tracing::info!(name, "database migrated");
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::fmt::Write as _;

    use super::*;

    /// Each version as released: its schema and a few rows, written by
    /// `the_fixture_of_the_newest_version_can_be_written`.
    const RELEASED: &[&str] = &[
        include_str!("fixtures/v0001.sql"),
        include_str!("fixtures/v0002.sql"),
        include_str!("fixtures/v0003.sql"),
        include_str!("fixtures/v0004.sql"),
        include_str!("fixtures/v0005.sql"),
        include_str!("fixtures/v0006.sql"),
        include_str!("fixtures/v0007.sql"),
        include_str!("fixtures/v0008.sql"),
        include_str!("fixtures/v0009.sql"),
        include_str!("fixtures/v0010.sql"),
        include_str!("fixtures/v0011.sql"),
        include_str!("fixtures/v0012.sql"),
    ];

    fn schema(connection: &Connection) -> Vec<(String, String, Option<String>)> {
        let mut statement = connection
            .prepare("SELECT type, name, sql FROM sqlite_schema ORDER BY type, name")
            .unwrap();
        statement
            .query_map([], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))
            .unwrap()
            .map(Result::unwrap)
            .collect()
    }

    #[test]
    fn every_released_database_upgrades_to_the_schema_of_a_fresh_one() {
        let mut fresh = Connection::open_in_memory().unwrap();
        migrate(&mut fresh, &[]).unwrap();
        for (index, dump) in RELEASED.iter().enumerate() {
            let mut old = Connection::open_in_memory().unwrap();
            old.execute_batch(dump).unwrap();
            assert_eq!(version(&old).unwrap(), i64::try_from(index + 1).unwrap());
            migrate(&mut old, &[]).unwrap();
            assert_eq!(schema(&old), schema(&fresh));
            let (title, found): (String, i64) = old
                .query_row(
                    "SELECT title, (SELECT count(*) FROM search WHERE text MATCH '阳光花园')
                     FROM record WHERE kind = 1",
                    [],
                    |row| Ok((row.get(0)?, row.get(1)?)),
                )
                .unwrap();
            assert_eq!((title.as_str(), found), ("阳光花园3号楼501室", 1));
        }
        assert_eq!(
            RELEASED.len(),
            MIGRATIONS.len(),
            "a released version lacks its fixture"
        );
    }

    /// Writes the fixture of the newest version, to be committed with it:
    /// `WANGGE_RELEASE_FIXTURE=1 cargo test -p wangge-core fixture`.
    #[test]
    fn the_fixture_of_the_newest_version_can_be_written() {
        let mut connection = Connection::open_in_memory().unwrap();
        migrate(&mut connection, &[]).unwrap();
        connection
            .execute_batch(include_str!("fixtures/rows.sql"))
            .unwrap();
        let dump = dump(&connection);
        let mut restored = Connection::open_in_memory().unwrap();
        restored.execute_batch(&dump).unwrap();
        assert_eq!(schema(&restored), schema(&connection));
        migrate(&mut restored, &[]).unwrap();
        if std::env::var_os("WANGGE_RELEASE_FIXTURE").is_some() {
            let path = format!(
                "{}/src/store/fixtures/v{:04}.sql",
                env!("CARGO_MANIFEST_DIR"),
                MIGRATIONS.len()
            );
            std::fs::write(path, dump).unwrap();
        }
    }

    /// Schema and rows as SQL. The search index is entered anew, because what
    /// it keeps of a text cannot be read back.
    fn dump(connection: &Connection) -> String {
        let mut sql = String::from("-- Written by a test; never edited.\n");
        let objects: Vec<(String, String)> = connection
            .prepare(
                "SELECT name, sql FROM sqlite_schema
                 WHERE sql IS NOT NULL AND name NOT LIKE 'search\\_%' ESCAPE '\\'
                     OR name = 'search_term'
                 ORDER BY rowid",
            )
            .unwrap()
            .query_map([], |row| Ok((row.get(0)?, row.get(1)?)))
            .unwrap()
            .map(Result::unwrap)
            .collect();
        for (_, statement) in &objects {
            sql.push_str(statement);
            sql.push_str(";\n");
        }
        for (name, statement) in &objects {
            if !statement.starts_with("CREATE TABLE") {
                continue;
            }
            // Generated columns are not part of `table_info`.
            let columns: Vec<String> = connection
                .prepare(&format!("PRAGMA table_info({name})"))
                .unwrap()
                .query_map([], |row| row.get(1))
                .unwrap()
                .map(Result::unwrap)
                .collect();
            let values = columns.iter().map(|column| format!("quote({column})"));
            let select = values.collect::<Vec<_>>().join(" || ', ' || ");
            let mut lines = connection
                .prepare(&format!("SELECT {select} FROM {name}"))
                .unwrap();
            let lines = lines.query_map([], |row| row.get::<_, String>(0)).unwrap();
            for line in lines {
                let line = line.unwrap();
                let columns = columns.join(", ");
                writeln!(sql, "INSERT INTO {name} ({columns}) VALUES ({line});").unwrap();
            }
        }
        sql.push_str(
            "INSERT INTO search (search, rank) VALUES ('automerge', 0);
             INSERT INTO search (rowid, text)
             SELECT key, title || char(10) || search_text || '  ' FROM record;\n",
        );
        writeln!(
            sql,
            "PRAGMA user_version = {};",
            version(connection).unwrap()
        )
        .unwrap();
        sql
    }

    #[test]
    fn a_failing_step_leaves_the_old_version_untouched() {
        let mut connection = Connection::open_in_memory().unwrap();
        migrate(&mut connection, &[]).unwrap();
        let before = schema(&connection);
        let mut steps = MIGRATIONS.to_vec();
        steps.push((
            "broken",
            "CREATE TABLE half (a); INSERT INTO nowhere VALUES (1);",
        ));
        run(&mut connection, &steps).unwrap_err();
        assert_eq!(
            version(&connection).unwrap(),
            i64::try_from(MIGRATIONS.len()).unwrap()
        );
        assert_eq!(schema(&connection), before);
    }

    #[test]
    fn a_newer_database_is_refused_and_not_touched() {
        let mut connection = Connection::open_in_memory().unwrap();
        connection.pragma_update(None, "user_version", 99).unwrap();
        assert!(matches!(
            migrate(&mut connection, &[]),
            Err(StoreError::NewerData { found: 99, .. })
        ));
        assert!(schema(&connection).is_empty());
    }

    #[test]
    fn names_are_numbered_in_order() {
        for (index, (name, _)) in MIGRATIONS.iter().enumerate() {
            assert!(name.starts_with(&format!("{:04}_", index + 1)), "{name}");
        }
    }
}
