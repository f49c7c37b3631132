//! The table of assessment through the JSON API.

use super::*;

#[tokio::test]
async fn a_program_reads_the_table_of_its_persons_places() {
    let mut program = program(90, Role::GridWorker).await;
    let worker = program.token.clone();
    let street = program.server.street;
    program.person = program
        .server
        .add_person("考核平台", street, Role::Supervisor)
        .await;
    program.token = token_of(&program.server, program.person, 3_600_000).await;
    let path = |more: &str| format!("/api/v1/assessment?place={street}{more}");
    let (status, table) = program.ask(Method::GET, &path(""), None).await;
    assert_eq!(status, 200, "{table}");
    assert_eq!(table["period"], "2026-01");
    assert_eq!(table["rows"].as_array().unwrap().len(), 1, "one community");
    assert_eq!(table["place"]["level"], "street");
    let indicators = table["indicators"].as_array().unwrap();
    let settled = indicators
        .iter()
        .position(|one| one["formula"] == "settled");
    let figure = &table["place"]["figures"][settled.unwrap()];
    assert_eq!(
        figure,
        &json!({"formula": "settled", "part": 0, "whole": 0})
    );
    assert_eq!(table["frozen_at"], Value::Null);
    let (_, year) = program
        .ask(Method::GET, &path("&period=year&on=2025-07-01"), None)
        .await;
    assert_eq!(
        (&year["period"], &year["last"]),
        (&json!("2025"), &json!("2025-12-31"))
    );
    for wrong in ["&period=week", "&on=never", "&figures=dead"] {
        let (status, _) = program.ask(Method::GET, &path(wrong), None).await;
        assert_eq!(status, 400, "{wrong}");
    }
    // What a worker may not see in the console, a worker's program may not either.
    program.token = worker;
    let (status, _) = program.ask(Method::GET, &path(""), None).await;
    assert_eq!(status, 404);
}
