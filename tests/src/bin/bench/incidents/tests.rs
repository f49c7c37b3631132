use rusqlite::Connection;

use super::*;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_small_province_has_its_months_and_most_of_its_incidents_are_settled() {
    let folder = tempfile::tempdir().unwrap();
    let end = Timestamp::from_millis(1_777_600_000_000); // 1 May 2026
    let mut figures = Figures::default();
    happen(folder.path(), 2_000, 5, end, &mut figures)
        .await
        .unwrap();
    let figure = |name: &str| figures.get(&format!("incidents.{name}")).unwrap();
    let connection = Connection::open(folder.path().join("wangge.sqlite")).unwrap();
    let count = |sql: &str| -> u32 { connection.query_row(sql, [], |row| row.get(0)).unwrap() };
    let cases = count("SELECT count(*) FROM incident_case");
    assert_eq!(cases, 236, "each report has its case");
    assert!((figure("reports") - 236.0).abs() < 1e-9);
    let settled = count(
        "SELECT count(*) FROM incident_case WHERE state IN ('closed', 'archived', 'void', 'merged')",
    );
    assert!(settled > 200, "{settled}");
    // A decision each is in the table of authors: of somebody, or of the server.
    let decisions = count("SELECT count(*) FROM authorship");
    let least = figure("moves") + figure("signals");
    assert!(f64::from(decisions) > least, "{decisions} and {least}");
    assert!(figure("moves") > 4.0 * 236.0);
    let counted = count("SELECT count(*) FROM incident_fact");
    assert!(counted > 200, "{counted}");
    let levels = count("SELECT count(DISTINCT level) FROM incident_case");
    assert_eq!(levels, 3, "up to the county");
    assert!(count("SELECT count(*) FROM incident_fact WHERE is_found = 0") > 20);
}
