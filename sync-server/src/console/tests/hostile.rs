//! Bad and hostile forms: each gets a typed reason, changes nothing, and is in the
//! audit list with who sent it.

use axum::http::StatusCode;
use wangge_model::RecordId;

use super::{
    cases::put_incident,
    client::{GRID, STREET, Server, WORKER},
};

/// Audit lines of refusals, without those of signing in.
async fn refusals(server: &Server) -> Vec<String> {
    let mut audit = server.audit().await;
    audit.retain(|line| line.contains("_refused"));
    audit
}

#[tokio::test]
async fn bad_forms_get_a_typed_reason_and_are_in_the_audit_list() {
    let server = Server::start().await;
    let elsewhere = server.add_elsewhere().await.to_string();
    let mut desk = server.signed_in_at_server("wang").await;
    let (street, worker) = (STREET.to_string(), WORKER.to_string());
    let county_and_street = format!("{elsewhere},{street}");
    let of = |path: &'static str, fields: &[(&'static str, &str)], code: &'static str| {
        let fields = fields
            .iter()
            .map(|(key, value)| (*key, (*value).to_owned()));
        (path, fields.collect::<Vec<_>>(), code)
    };
    let emergency = [
        ("level", "reinforced"),
        ("ends_on", "2026-01-03"),
        ("ordered_by", "街道防汛指挥部"),
        ("reason", "防汛"),
    ];
    let with = |base: &[(&'static str, &'static str)], more: (&'static str, &str)| {
        let base = base.iter().filter(|(key, _)| *key != more.0);
        let mut fields: Vec<(&'static str, String)> = base
            .map(|(key, value)| (*key, (*value).to_owned()))
            .collect();
        fields.push((more.0, more.1.to_owned()));
        fields
    };
    let duty = [
        ("day", "2026-01-01"),
        ("from", "08:00"),
        ("until", "17:00"),
        ("note", ""),
    ];
    let mut duty_elsewhere = with(&duty, ("node", &elsewhere));
    duty_elsewhere.push(("person", worker.clone()));
    let mut duty_backwards = with(&duty, ("until", "-8:00"));
    duty_backwards.extend([("node", street.clone()), ("person", worker.clone())]);
    let mut late = with(&emergency, ("ends_on", "1999-01-01"));
    late.push(("node", street.clone()));
    let cases = [
        // Another area.
        (
            "/emergencies",
            with(&emergency, ("node", &elsewhere)),
            "place",
        ),
        ("/duty", duty_elsewhere, "place"),
        of(
            "/duty/rates",
            &[
                ("node", &elsewhere),
                ("rate", "recognition"),
                ("day", "2026-01-01"),
                ("part", "1"),
                ("whole", "2"),
            ],
            "place",
        ),
        of(
            "/assessment/ratings",
            &[
                ("pair", &county_and_street),
                ("points", "90"),
                ("reason", "按时完成"),
            ],
            "unit",
        ),
        // Limits that are no limits.
        ("/emergencies", late, "days"),
        ("/duty", duty_backwards, "times"),
        of(
            "/duty/rates",
            &[
                ("node", &street),
                ("rate", "recognition"),
                ("day", "2026-01-01"),
                ("part", "-1"),
                ("whole", "-2"),
            ],
            "count",
        ),
        of(
            "/assessment/ratings",
            &[("pair", ""), ("points", "-1"), ("reason", "按时完成")],
            "points",
        ),
    ];
    let before = refusals(&server).await.len();
    for (number, (path, fields, code)) in cases.iter().enumerate() {
        let fields: Vec<(&str, &str)> = fields
            .iter()
            .map(|(key, value)| (*key, value.as_str()))
            .collect();
        let answer = desk.submit(path, path, &fields).await;
        let what = format!("{path} {code}");
        assert_eq!(answer.status, StatusCode::UNPROCESSABLE_ENTITY, "{what}");
        assert!(answer.body.contains("role=\"alert\""), "{what}");
        let noted = refusals(&server).await;
        assert_eq!(noted.len(), before + number + 1, "{what}: {noted:?}");
        let line = format!("request_refused {path} POST {code}");
        assert_eq!(noted.last(), Some(&line));
    }
}

#[tokio::test]
async fn forms_of_others_of_other_sites_and_of_a_megabyte_are_refused_and_noted() {
    let server = Server::start().await;
    let county = server.add_elsewhere().await;
    let incident = put_incident(&server, 7).await;
    let mut worker = server.signed_in_at_server("li").await;
    let mut stranger = server.signed_in_at_server("zhao").await;
    let nobody = RecordId::from_bytes([77; 16]);
    // A role they do not have.
    for path in [
        "/emergencies",
        "/duty",
        "/duty/rates",
        "/orders/export",
        "/tasks",
        "/call-outs",
    ] {
        let answer = worker.submit("/", path, &[("role", "supervisor")]).await;
        assert_eq!(answer.status, StatusCode::FORBIDDEN, "{path}");
        let noted = refusals(&server).await;
        let line = format!("request_refused {path} POST forbidden");
        assert_eq!(noted.last(), Some(&line));
    }
    // What lies elsewhere is not there.
    for path in [
        format!("/cases/{incident}/act"),
        format!("/duty/{nobody}/cancel"),
        format!("/duty/rates/{nobody}/withdraw"),
        format!("/emergencies/{nobody}/end"),
        format!("/orders/{nobody}/place"),
    ] {
        let fields = [
            ("verb", "note"),
            ("text", "x"),
            ("category", "4006"),
            ("grid", "x"),
        ];
        let answer = stranger.submit("/", &path, &fields).await;
        let is_refused = [StatusCode::NOT_FOUND, StatusCode::UNPROCESSABLE_ENTITY];
        assert!(
            is_refused.contains(&answer.status),
            "{path}: {}",
            answer.status
        );
        let noted = refusals(&server).await;
        let last = noted.last().unwrap();
        assert!(
            last.starts_with(&format!("request_refused {path} POST ")),
            "{last}"
        );
    }
    // A reason of a megabyte.
    let long = "长".repeat(350_000);
    let page = "/emergencies";
    let fields = [("reason", long.as_str())];
    let answer = stranger.submit(page, page, &fields).await;
    assert_eq!(answer.status, StatusCode::PAYLOAD_TOO_LARGE);
    let noted = refusals(&server).await;
    let line = "request_refused /emergencies POST too_large";
    assert_eq!(noted.last().map(String::as_str), Some(line));
    // A stale version, noted once and with its verb.
    let mut desk = server.signed_in_at_server("wang").await;
    let (page, act) = (
        format!("/cases/{incident}"),
        format!("/cases/{incident}/act"),
    );
    let stale = [("verb", "file"), ("version", "9")];
    let answer = desk.submit(&page, &act, &stale).await;
    assert_eq!(answer.status, StatusCode::CONFLICT);
    let stale = refusals(&server).await;
    assert_eq!(stale.len(), noted.len() + 1);
    let line = format!("case_request_refused {incident} file stale");
    assert_eq!(stale.last(), Some(&line));
    // Without the form's token, and by nobody.
    let answer = desk.post(&act, &[("verb", "file"), ("version", "0")]).await;
    assert_eq!(answer.status, StatusCode::FORBIDDEN);
    let forged = refusals(&server).await;
    let line = format!("request_refused {act} POST forgery");
    assert_eq!(forged.last(), Some(&line));
    let mut nobody = server.browser();
    let answer = nobody.post(&act, &[("verb", "file")]).await;
    assert!(!answer.status.is_success());
    assert_eq!(refusals(&server).await.len(), forged.len());
    // Nothing came of any of it.
    let storage = &server.state.storage;
    let at = wangge_model::Clock::now(server.clock.as_ref());
    let going_on = storage
        .list_emergencies(&super::client::SUPERVISOR, at)
        .await;
    assert!(going_on.unwrap().is_empty());
    assert!(storage.find_node(&county).await.unwrap().is_some());
    assert!(storage.find_node(&GRID.into()).await.unwrap().is_some());
}
