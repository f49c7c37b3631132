//! That counting follows the table's own order and misses nothing over many
//! places.

use std::collections::BTreeSet;

use rusqlite::{Connection, params};
use wangge_model::{
    OrgNodeId, Timestamp,
    assessment::{AssessmentPeriod, Formula, FormulaLimits},
    visit_plan::Period,
};

use super::{
    figure::{cases_sql, count_grids},
    place::Below,
};
use crate::storage::sqlite::{migrate, scope};

const NOW: Timestamp = Timestamp::from_millis(1_798_761_600_000);

fn database() -> Connection {
    let mut connection = Connection::open_in_memory().unwrap();
    scope::add_functions(&connection).unwrap();
    migrate::migrate(&mut connection, migrate::MIGRATIONS).unwrap();
    connection
}

#[test]
fn incidents_are_counted_along_their_key_and_sorted_nowhere() {
    let connection = database();
    let sql = cases_sql(Formula::ALL, &FormulaLimits::default(), NOW);
    let mut statement = connection
        .prepare(&format!("EXPLAIN QUERY PLAN {sql}"))
        .unwrap();
    let plan: Vec<String> = statement
        .query_map(params!["[]", 0, 1], |row| row.get(3))
        .unwrap()
        .collect::<Result<_, _>>()
        .unwrap();
    let plan = plan.join("\n");
    let along = "SEARCH incident_fact USING PRIMARY KEY (grid=? AND filed_on>? AND filed_on<?)";
    assert!(plan.contains(along), "{plan}");
    assert!(!plan.contains("TEMP B-TREE"), "{plan}");
}

fn node(number: u32) -> [u8; 16] {
    let mut id = [0; 16];
    id[12..].copy_from_slice(&number.to_be_bytes());
    id
}

/// Incidents of [`province`]: a hundredth of what Shanxi counted (source 002).
const INCIDENTS: u32 = 4_728;
/// Its grids.
const GRIDS: usize = 14_000;

/// A small province of 20 counties and 1,400 communities.
fn province(connection: &Connection) -> OrgNodeId {
    connection
        .execute_batch("PRAGMA foreign_keys = OFF; BEGIN")
        .unwrap();
    let mut insert = connection
        .prepare(
            "INSERT INTO org_node (id, parent, level, name, path, valid_from)
             VALUES (?1, ?2, ?3, '某地', ?4, 0)",
        )
        .unwrap();
    let mut last = 0_u32;
    let mut above = vec![(node(0), format!("/{}/", hex::encode(node(0))))];
    insert
        .execute(params![node(0), None::<[u8; 16]>, "province", above[0].1])
        .unwrap();
    let mut grids = Vec::new();
    for (level, each) in [
        ("prefecture", 2),
        ("county", 10),
        ("street", 10),
        ("community", 7),
        ("grid", 10),
    ] {
        let mut below = Vec::new();
        for (parent, path) in &above {
            for _ in 0..each {
                last += 1;
                let path = format!("{path}{}/", hex::encode(node(last)));
                insert
                    .execute(params![node(last), parent, level, path])
                    .unwrap();
                below.push((node(last), path));
                if level == "grid" {
                    grids.push(node(last));
                }
            }
        }
        above = below;
    }
    let mut insert = connection
        .prepare(
            "INSERT INTO incident_fact (grid, filed_on, record, filed_at, assigned_at, signed_at,
                 due_at, ended_at, is_emergency, waits_for_unit, is_closed, is_found, rating,
                 first_check, refusals, reopened, class, subject, reporter)
             VALUES (?1, ?2, ?3, ?4, ?4, ?4 + 900000, ?4 + 86400000, ?4 + 3600000, 0, 0, ?5, 1, 5,
                     1, 0, 0, '4006', NULL, NULL)",
        )
        .unwrap();
    for number in 0..INCIDENTS {
        // Any spread will do, as long as it is the same each time.
        let mixed = number.wrapping_mul(2_654_435_761);
        let grid = grids[mixed as usize % grids.len()];
        let day = 20_454 + i64::from(mixed >> 8) % 365;
        let values = params![grid, day, node(number), day * 86_400_000, number % 100 < 97];
        insert.execute(values).unwrap();
    }
    connection.execute_batch("COMMIT").unwrap();
    OrgNodeId::from_bytes(node(0))
}

#[test]
fn every_incident_of_a_year_is_counted_once_over_many_grids() {
    let connection = database();
    let place = province(&connection);
    let formulas: BTreeSet<Formula> = Formula::ALL
        .iter()
        .copied()
        .filter(|one| *one != Formula::ReportingWorkers)
        .collect();
    let mut filed = Vec::new();
    for kind in AssessmentPeriod::KINDS {
        let period = AssessmentPeriod::of(kind, "2026-03-01".parse().unwrap()).unwrap();
        let below = Below::load(&connection, &place, NOW).unwrap().unwrap();
        let limits = FormulaLimits::default();
        let figures = count_grids(&connection, &below, &formulas, period, &limits, NOW).unwrap();
        assert_eq!(figures.len(), GRIDS);
        let settled = figures.values().map(|of| of[&Formula::Settled].whole);
        filed.push((kind, settled.sum::<u64>()));
    }
    for (kind, count) in filed {
        if kind == Period::Year {
            assert_eq!(count, u64::from(INCIDENTS));
        } else {
            assert!(
                (1..u64::from(INCIDENTS)).contains(&count),
                "{kind:?}: {count}"
            );
        }
    }
}
