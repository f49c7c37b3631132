//! Bringing a database's schema up to date. A step that was released is never
//! edited; a fix is the next step.

use rusqlite::{Connection, TransactionBehavior};

use crate::storage::{StorageError, StorageResult};

/// Name and text of each step, in order; a step's number is its place.
pub(super) const MIGRATIONS: &[(&str, &str)] = &[
    (
        "0001_initial",
        include_str!("../../../migrations/sqlite/0001_initial.sql"),
    ),
    (
        "0002_moves_and_decisions",
        include_str!("../../../migrations/sqlite/0002_moves_and_decisions.sql"),
    ),
    (
        "0003_api_tokens",
        include_str!("../../../migrations/sqlite/0003_api_tokens.sql"),
    ),
    (
        "0004_places",
        include_str!("../../../migrations/sqlite/0004_places.sql"),
    ),
    (
        "0005_versions_of_grids",
        include_str!("../../../migrations/sqlite/0005_versions_of_grids.sql"),
    ),
    (
        "0006_reference_sets",
        include_str!("../../../migrations/sqlite/0006_reference_sets.sql"),
    ),
    (
        "0007_finding",
        include_str!("../../../migrations/sqlite/0007_finding.sql"),
    ),
    (
        "0008_ledgers",
        include_str!("../../../migrations/sqlite/0008_ledgers.sql"),
    ),
    (
        "0009_visits",
        include_str!("../../../migrations/sqlite/0009_visits.sql"),
    ),
    (
        "0010_merges",
        include_str!("../../../migrations/sqlite/0010_merges.sql"),
    ),
    (
        "0011_finding_and_drawing",
        include_str!("../../../migrations/sqlite/0011_finding_and_drawing.sql"),
    ),
    (
        "0012_field_work",
        include_str!("../../../migrations/sqlite/0012_field_work.sql"),
    ),
    (
        "0013_cases",
        include_str!("../../../migrations/sqlite/0013_cases.sql"),
    ),
    (
        "0014_leaner_commits",
        include_str!("../../../migrations/sqlite/0014_leaner_commits.sql"),
    ),
    (
        "0015_residents",
        include_str!("../../../migrations/sqlite/0015_residents.sql"),
    ),
    (
        "0016_likeness_and_emergencies",
        include_str!("../../../migrations/sqlite/0016_likeness_and_emergencies.sql"),
    ),
    (
        "0017_assessment",
        include_str!("../../../migrations/sqlite/0017_assessment.sql"),
    ),
    (
        "0018_new_records_are_noted_by_the_commit",
        include_str!("../../../migrations/sqlite/0018_new_records_are_noted_by_the_commit.sql"),
    ),
    (
        "0019_roll_call",
        include_str!("../../../migrations/sqlite/0019_roll_call.sql"),
    ),
    (
        "0020_asked_first_and_on_duty",
        include_str!("../../../migrations/sqlite/0020_asked_first_and_on_duty.sql"),
    ),
];

/// The schema version of this build.
#[expect(clippy::cast_possible_truncation, reason = "a handful of steps")]
pub const SCHEMA_VERSION: u32 = MIGRATIONS.len() as u32;

/// Applies the missing steps, one transaction each. The runner writes the
/// version, not the step, so no step can forget to.
pub(super) fn migrate(
    connection: &mut Connection,
    steps: &[(&'static str, &str)],
) -> StorageResult<()> {
    let found: u32 = connection.pragma_query_value(None, "user_version", |row| row.get(0))?;
    let known = u32::try_from(steps.len()).unwrap_or(u32::MAX);
    if found > known {
        return Err(StorageError::NewerData { found, known });
    }
    for (number, (name, text)) in (1_u32..).zip(steps).skip(found as usize) {
        let mut apply = || -> rusqlite::Result<()> {
            let transaction =
                connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
            transaction.execute_batch(text)?;
            transaction.pragma_update(None, "user_version", number)?;
            transaction.commit()
        };
        apply().map_err(|error| StorageError::Migration {
            step: name,
            reason: error.to_string(),
        })?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Rows as each released version could have left them.
    const FIXTURES: &[&str] = &[
        include_str!("../../../migrations/sqlite/fixtures/0001_initial.sql"),
        include_str!("../../../migrations/sqlite/fixtures/0002_moves_and_decisions.sql"),
        include_str!("../../../migrations/sqlite/fixtures/0003_api_tokens.sql"),
        include_str!("../../../migrations/sqlite/fixtures/0004_places.sql"),
        include_str!("../../../migrations/sqlite/fixtures/0005_versions_of_grids.sql"),
        include_str!("../../../migrations/sqlite/fixtures/0006_reference_sets.sql"),
        include_str!("../../../migrations/sqlite/fixtures/0007_finding.sql"),
        include_str!("../../../migrations/sqlite/fixtures/0008_ledgers.sql"),
        include_str!("../../../migrations/sqlite/fixtures/0009_visits.sql"),
        include_str!("../../../migrations/sqlite/fixtures/0010_merges.sql"),
        include_str!("../../../migrations/sqlite/fixtures/0011_finding_and_drawing.sql"),
        include_str!("../../../migrations/sqlite/fixtures/0012_field_work.sql"),
        include_str!("../../../migrations/sqlite/fixtures/0013_cases.sql"),
        include_str!("../../../migrations/sqlite/fixtures/0014_leaner_commits.sql"),
        include_str!("../../../migrations/sqlite/fixtures/0015_residents.sql"),
        include_str!("../../../migrations/sqlite/fixtures/0016_likeness_and_emergencies.sql"),
        include_str!("../../../migrations/sqlite/fixtures/0017_assessment.sql"),
        include_str!(
            "../../../migrations/sqlite/fixtures/0018_new_records_are_noted_by_the_commit.sql"
        ),
        include_str!("../../../migrations/sqlite/fixtures/0019_roll_call.sql"),
        include_str!("../../../migrations/sqlite/fixtures/0020_asked_first_and_on_duty.sql"),
    ];

    fn schema(connection: &Connection) -> Vec<(String, String, Option<String>)> {
        let mut statement = connection
            .prepare("SELECT type, name, sql FROM sqlite_schema ORDER BY type, name")
            .unwrap();
        statement
            .query_map([], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))
            .unwrap()
            .collect::<Result<_, _>>()
            .unwrap()
    }

    fn fresh() -> Connection {
        let mut connection = Connection::open_in_memory().unwrap();
        connection
            .pragma_update(None, "foreign_keys", true)
            .unwrap();
        migrate(&mut connection, MIGRATIONS).unwrap();
        connection
    }

    #[test]
    fn every_released_version_upgrades_to_what_a_fresh_database_is() {
        assert_eq!(
            FIXTURES.len(),
            MIGRATIONS.len(),
            "each step needs a fixture"
        );
        for (version, rows) in (1..).zip(FIXTURES) {
            let mut connection = Connection::open_in_memory().unwrap();
            connection
                .pragma_update(None, "foreign_keys", true)
                .unwrap();
            migrate(&mut connection, &MIGRATIONS[..version]).unwrap();
            connection.execute_batch(rows).unwrap();
            migrate(&mut connection, MIGRATIONS).unwrap();
            assert_eq!(
                schema(&connection),
                schema(&fresh()),
                "from version {version}"
            );
            let broken: u32 = connection
                .query_row("SELECT count(*) FROM pragma_foreign_key_check", [], |row| {
                    row.get(0)
                })
                .unwrap();
            assert_eq!(broken, 0);
            let records: u32 = connection
                .query_row("SELECT count(*) FROM record", [], |row| row.get(0))
                .unwrap();
            assert_eq!(records, 1, "rows survive");
        }
    }

    #[test]
    fn a_failing_step_leaves_the_version_before_it() {
        let mut connection = Connection::open_in_memory().unwrap();
        let bad: Vec<(&str, &str)> = MIGRATIONS
            .iter()
            .copied()
            .chain([(
                "9999_bad",
                "CREATE TABLE half (a); SELECT no_such_function();",
            )])
            .collect();
        let error = migrate(&mut connection, &bad).unwrap_err();
        assert!(
            matches!(
                error,
                StorageError::Migration {
                    step: "9999_bad",
                    ..
                }
            ),
            "{error}"
        );
        assert_eq!(schema(&connection), schema(&fresh()));
        migrate(&mut connection, MIGRATIONS).unwrap();
    }

    #[test]
    fn newer_data_is_refused_and_not_touched() {
        let mut connection = fresh();
        connection.pragma_update(None, "user_version", 99).unwrap();
        assert!(matches!(
            migrate(&mut connection, MIGRATIONS),
            Err(StorageError::NewerData { found: 99, .. })
        ));
    }

    #[test]
    fn every_reference_has_an_index() {
        let connection = fresh();
        let mut statement = connection
            .prepare(
                "SELECT t.name, f.\"from\" FROM sqlite_schema t
                 JOIN pragma_foreign_key_list(t.name) f
                 WHERE t.type = 'table' AND NOT EXISTS (
                     SELECT 1 FROM pragma_index_list(t.name) i
                     JOIN pragma_index_info(i.name) c
                     WHERE c.seqno = 0 AND c.name = f.\"from\")",
            )
            .unwrap();
        let bare: Vec<(String, String)> = statement
            .query_map([], |row| Ok((row.get(0)?, row.get(1)?)))
            .unwrap()
            .collect::<Result<_, _>>()
            .unwrap();
        assert!(bare.is_empty(), "{bare:?}");
    }
}
