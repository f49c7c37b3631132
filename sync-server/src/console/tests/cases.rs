//! Inbox, case page and deciding, by HTTP requests.

use axum::http::StatusCode;
use wangge_model::{
    ActorId, Clock as _, FieldPath, FieldValue, PersonId, RecordId, RecordKind,
    document::{FieldEdit, RecordDocument},
};

use super::client::{GRID, OTHER_GRID, STREET, Server, WORKER};
use crate::storage::Role;

/// An incident of the worker's that the server gave a number.
pub(super) async fn put_incident(server: &Server, byte: u8) -> RecordId {
    let id = RecordId::from_bytes([byte; 16]);
    let now = server.clock.now();
    let set = |path: &str, text: &str| {
        FieldEdit::set(FieldPath::new(path).unwrap(), FieldValue::text(text))
    };
    let mut document = RecordDocument::new(RecordKind::Incident);
    let fields = [set("title", "路灯不亮"), set("category", "4006")];
    let first = document
        .edit(&fields, ActorId::from_bytes([1; 16]), now)
        .unwrap()
        .unwrap();
    let number = format!("SJ2026010100000{byte}");
    let case = [
        set("case.number", &number),
        set("case.state", "reported"),
        set("case.reporter", &WORKER.to_string()),
    ];
    let second = document
        .edit_as_server(&case, server.state.identity.actor, now)
        .unwrap()
        .unwrap();
    server
        .put_record(id, GRID, &document, vec![first, second], Vec::new())
        .await;
    id
}

#[tokio::test]
async fn a_case_is_found_decided_on_and_tells_what_was_decided() {
    let server = Server::start().await;
    let id = put_incident(&server, 7).await;
    let mut street = server.signed_in("wang").await;
    let list = street.get("/cases?queue=all").await;
    assert_eq!(list.status, StatusCode::OK);
    assert!(list.body.contains("路灯不亮") && list.body.contains("已上报"));
    // Nothing of the street's own desk yet.
    let own = street.get("/cases").await.body;
    assert!(own.contains("没有符合条件的事件") && own.contains("街道受理台"));
    let page = format!("/cases/{id}");
    let shown = street.get(&page).await.body;
    assert!(shown.contains("受理立案") && shown.contains("还没有办理记录"));
    // A desk of another level does not assign; it is said why.
    assert!(shown.contains("您没有这一步的权限"));
    let act = format!("{page}/act");
    let done = street
        .submit(&page, &act, &[("verb", "file"), ("version", "0")])
        .await;
    assert_eq!(done.status, StatusCode::SEE_OTHER, "{}", done.body);
    let location = done.location().to_owned();
    let shown = street.get(&location).await.body;
    assert!(shown.contains("已办理：受理立案。") && shown.contains("王社区"));
    assert!(shown.contains("正常") && shown.contains("已立案"));
    // Somebody with the old page in front of them is told.
    let late = street
        .submit(
            &page,
            &act,
            &[("verb", "note"), ("version", "0"), ("text", "看过")],
        )
        .await;
    assert_eq!(late.status, StatusCode::CONFLICT);
    assert!(late.body.contains("您提交之前事件已有新进展"));
    let refused = street
        .submit(
            &page,
            &act,
            &[("verb", "void"), ("version", "1"), ("text", " ")],
        )
        .await;
    assert_eq!(refused.status, StatusCode::CONFLICT);
    assert!(refused.body.contains("请填写说明"));
    let audit = server.audit().await.join("\n");
    assert!(audit.contains("case_request_refused"), "{audit}");
    let forged = street
        .post(&act, &[("verb", "note"), ("version", "1"), ("text", "x")])
        .await;
    assert_eq!(forged.status, StatusCode::FORBIDDEN, "no form token");
}

#[tokio::test]
async fn cases_of_other_grids_do_not_exist_for_a_worker() {
    let server = Server::start().await;
    let id = put_incident(&server, 7).await;
    let other = PersonId::from_bytes([31; 16]);
    server
        .add_person(other, "别处的", "zhao", OTHER_GRID.into(), Role::GridWorker)
        .await;
    let mut stranger = server.signed_in("zhao").await;
    let page = format!("/cases/{id}");
    assert_eq!(stranger.get(&page).await.status, StatusCode::NOT_FOUND);
    let list = stranger.get("/cases?queue=all").await.body;
    assert!(!list.contains("路灯不亮"));
    // A department sees it once its unit has it.
    let handler = PersonId::from_bytes([32; 16]);
    server
        .add_person(handler, "执法队员", "qian", STREET, Role::Handler)
        .await;
    let mut department = server.signed_in("qian").await;
    assert_eq!(department.get(&page).await.status, StatusCode::NOT_FOUND);
    let mut street = server.signed_in("wang").await;
    let act = format!("{page}/act");
    let unit = STREET.to_string();
    for fields in [
        vec![("verb", "file"), ("version", "0")],
        vec![("verb", "note"), ("version", "1"), ("text", "转执法队")],
    ] {
        let done = street.submit(&page, &act, &fields).await;
        assert_eq!(done.status, StatusCode::SEE_OTHER, "{}", done.body);
    }
    let refused = street
        .submit(
            &page,
            &act,
            &[("verb", "assign"), ("version", "2"), ("unit", &unit)],
        )
        .await;
    assert_eq!(
        refused.status,
        StatusCode::CONFLICT,
        "the community's desk assigns"
    );
}
