//! Inbox, case page and deciding, by HTTP requests.

use std::time::Duration;

use axum::{body::Body, http::StatusCode};
use http_body_util::BodyExt as _;
use tokio::time::timeout;
use wangge_model::{
    ActorId, Clock as _, FieldPath, FieldValue, PersonId, RecordId, RecordKind,
    document::{FieldEdit, RecordDocument},
};

use super::client::{GRID, OTHER_GRID, STREET, Server, WORKER};
use crate::storage::Role;

/// An incident of the worker's that the server gave a number.
pub(super) async fn put_incident(server: &Server, byte: u8) -> RecordId {
    put_incident_of(server, byte, &WORKER.to_string()).await
}

/// The same, reported by somebody; nobody with an account, if that is empty.
async fn put_incident_of(server: &Server, byte: u8, reporter: &str) -> RecordId {
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
    let mut case = vec![set("case.number", &number), set("case.state", "reported")];
    if !reporter.is_empty() {
        case.push(set("case.reporter", reporter));
    }
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

/// The next event of a stream; `None` if there is none for a moment.
async fn next_event(body: &mut Body) -> Option<String> {
    let frame = timeout(Duration::from_millis(300), body.frame())
        .await
        .ok()?;
    let data = frame?.unwrap().into_data().unwrap();
    Some(String::from_utf8_lossy(&data).into_owned())
}

#[tokio::test]
async fn an_open_inbox_hears_of_its_own_cases_and_of_nothing_in_them() {
    let server = Server::start().await;
    let id = put_incident(&server, 7).await;
    for (byte, username, node, role) in [
        (31, "zhao", OTHER_GRID.into(), Role::GridWorker),
        (32, "qian", STREET, Role::Handler),
        (33, "sun", GRID.into(), Role::GridHead),
    ] {
        let person = PersonId::from_bytes([byte; 16]);
        server
            .add_person(person, "某人", username, node, role)
            .await;
    }
    let mut streams = Vec::new();
    for username in ["wang", "zhao", "qian"] {
        let response = server.signed_in(username).await.listen("/cases/live").await;
        assert_eq!(response.headers()["content-type"], "text/event-stream");
        streams.push(response.into_body());
    }
    let mut street = server.signed_in("wang").await;
    let page = format!("/cases/{id}");
    let act = format!("{page}/act");
    let file = [("verb", "file"), ("version", "0")];
    street.submit(&page, &act, &file).await;
    let hint = "event: cases\ndata: changed\n\n";
    let heard = next_event(&mut streams[0]).await;
    assert_eq!(heard.as_deref(), Some(hint), "the street's");
    assert_eq!(next_event(&mut streams[1]).await, None, "another grid's");
    assert_eq!(
        next_event(&mut streams[2]).await,
        None,
        "not the unit's yet"
    );
    // Up to the street, whose desk gives it to the street's own unit.
    let mut head = server.signed_in("sun").await;
    let up = [
        ("verb", "escalate"),
        ("version", "1"),
        ("text", "需街道处理"),
    ];
    head.submit(&page, &act, &up).await;
    let unit = STREET.to_string();
    let give = [
        ("verb", "assign"),
        ("version", "2"),
        ("unit", unit.as_str()),
    ];
    let done = street.submit(&page, &act, &give).await;
    assert_eq!(done.status, StatusCode::SEE_OTHER, "{}", done.body);
    let heard = next_event(&mut streams[2]).await;
    assert_eq!(heard.as_deref(), Some(hint), "the unit's now");
    assert_eq!(next_event(&mut streams[1]).await, None, "another grid's");
    server.state.stop();
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

#[tokio::test]
async fn reports_of_one_thing_are_shown_merged_and_parted_again() {
    let server = Server::start().await;
    let first = put_incident(&server, 7).await;
    let second = put_incident(&server, 8).await;
    let storage = &server.state.storage;
    while storage.compare_incidents(10).await.unwrap().count > 0 {}
    let mut street = server.signed_in("wang").await;
    let inbox = street.get("/cases?queue=all").await.body;
    assert!(inbox.contains("可能重复") && !inbox.contains("人上报"));
    let (one, two) = (format!("/cases/{first}"), format!("/cases/{second}"));
    let shown = street.get(&two).await.body;
    assert!(shown.contains("可能重复的事件") && shown.contains("文字相似 100%"));
    assert!(shown.contains("合并到这件") && shown.contains("同一网格"));
    let fields = [
        ("verb", "merge"),
        ("version", "0"),
        ("into", "SJ20260101000007"),
    ];
    let done = street.submit(&two, &format!("{two}/act"), &fields).await;
    assert_eq!(done.status, StatusCode::SEE_OTHER, "{}", done.body);
    while storage.compare_incidents(10).await.unwrap().count > 0 {}
    let merged = street.get(&two).await.body;
    assert!(merged.contains("已合并到") && merged.contains("SJ20260101000007"));
    let kept = street.get(&one).await.body;
    // Both reports are listed; one worker made them.
    assert!(kept.contains("上报情况") && kept.contains("SJ20260101000008"));
    assert!(kept.contains("共 1 人上报") && !kept.contains("可能重复的事件"));
    // Nothing goes into what is merged itself.
    let back = [
        ("verb", "merge"),
        ("version", "0"),
        ("into", "SJ20260101000008"),
    ];
    let refused = street.submit(&one, &format!("{one}/act"), &back).await;
    assert_eq!(refused.status, StatusCode::CONFLICT, "{}", refused.body);
    let undo = [("verb", "unmerge"), ("version", "1"), ("text", "是两盏灯")];
    let done = street.submit(&two, &format!("{two}/act"), &undo).await;
    assert_eq!(done.status, StatusCode::SEE_OTHER, "{}", done.body);
    while storage.compare_incidents(10).await.unwrap().count > 0 {}
    let kept = street.get(&one).await.body;
    assert!(!kept.contains("上报情况") && kept.contains("可能重复的事件"));
}

#[tokio::test]
async fn approved_papers_are_noticed_by_level_without_names() {
    use wangge_model::case::CaseState;

    let server = Server::start().await;
    let now = server.clock.now();
    let set = |path: &str, text: &str| {
        FieldEdit::set(FieldPath::new(path).unwrap(), FieldValue::text(text))
    };
    let id = RecordId::from_bytes([7; 16]);
    let mut document = RecordDocument::new(RecordKind::Incident);
    let fields = [
        set("title", "王小明低保申请"),
        set("category", "5001"),
        set("handling", "approval"),
        set("parties.p1.name", "王小明"),
        set("parties.p1.phone", "13800138000"),
    ];
    let first = document
        .edit(&fields, ActorId::from_bytes([1; 16]), now)
        .unwrap()
        .unwrap();
    let case = [
        set("case.number", "SJ20260101000007"),
        set("case.state", "reported"),
        set("case.stage", CaseState::Filed.as_str()),
        set("case.level", "street"),
        set("case.reporter", &WORKER.to_string()),
    ];
    let second = document
        .edit_as_server(&case, server.state.identity.actor, now)
        .unwrap()
        .unwrap();
    server
        .put_record(id, GRID, &document, vec![first, second], Vec::new())
        .await;
    let mut street = server.signed_in("wang").await;
    let list = "/notices?level=street&from=2026-01-01&to=2026-01-31";
    assert!(!street.get(list).await.body.contains("SJ20260101000007"));
    let page = format!("/cases/{id}");
    let approve = [("verb", "approve"), ("version", "0")];
    let done = street.submit(&page, &format!("{page}/act"), &approve).await;
    assert_eq!(done.status, StatusCode::SEE_OTHER, "{}", done.body);
    let shown = street.get(list).await.body;
    assert!(shown.contains("SJ20260101000007") && shown.contains("2026-01-01"));
    assert!(
        shown.contains("王*") && !shown.contains("王小明"),
        "{shown}"
    );
    assert!(!shown.contains("低保申请") && !shown.contains("138"));
    let other = list.replace("street", "community");
    assert!(!street.get(&other).await.body.contains("SJ20260101000007"));
    let past = list.replace("2026-01-31", "2025-12-31");
    assert!(!street.get(&past).await.body.contains("SJ20260101000007"));
    let file = street
        .get(&list.replace("/notices?", "/notices/export.csv?"))
        .await;
    assert_eq!(file.headers["content-type"], "text/csv; charset=utf-8");
    let row = "SJ20260101000007,民生服务 / 困难救助,王";
    assert!(
        file.body.contains(row) && !file.body.contains("小明"),
        "{}",
        file.body
    );
    let audit = server.audit().await.join("\n");
    assert!(audit.contains("notices_exported street"), "{audit}");
    // Not in somebody else's places.
    server.add_elsewhere().await;
    let mut stranger = server.signed_in("zhao").await;
    assert!(!stranger.get(list).await.body.contains("SJ20260101000007"));
}

#[tokio::test]
async fn a_closed_case_is_taken_out_as_a_file_and_listed_by_year() {
    let server = Server::start().await;
    let id = put_incident(&server, 7).await;
    let storage = &server.state.storage;
    let mut street = server.signed_in("wang").await;
    let file = format!("/cases/{id}/archive.zip");
    assert_eq!(
        street.get(&file).await.status,
        StatusCode::NOT_FOUND,
        "open"
    );
    let stored = storage.find_record(&id).await.unwrap().unwrap();
    let mut document = RecordDocument::load(stored.kind, Some(&stored.document), []).unwrap();
    let stage = FieldEdit::set(
        FieldPath::new("case.stage").unwrap(),
        FieldValue::text("closed"),
    );
    let actor = server.state.identity.actor;
    let change = document
        .edit_as_server(&[stage], actor, server.clock.now())
        .unwrap()
        .unwrap();
    let closed = RecordId::from_bytes([8; 16]);
    server
        .put_record(closed, GRID, &document, vec![change], Vec::new())
        .await;
    let page = format!("/cases/{closed}");
    assert!(street.get(&page).await.body.contains("下载档案"));
    let file = format!("{page}/archive.zip");
    let got = street.get(&file).await;
    assert_eq!(got.status, StatusCode::OK);
    assert_eq!(got.headers["content-type"], "application/zip");
    assert_eq!(got.headers["cache-control"], "private, no-store");
    let audit = server.audit().await.join("\n");
    assert!(
        audit.contains(&format!("case_exported {closed}")),
        "{audit}"
    );
    assert!(!street.get("/archive").await.body.contains("路灯不亮"));
    let archive = [("verb", "archive"), ("version", "0")];
    let done = street.submit(&page, &format!("{page}/act"), &archive).await;
    assert_eq!(done.status, StatusCode::SEE_OTHER, "{}", done.body);
    let list = street.get("/archive?year=2026").await.body;
    assert!(list.contains("路灯不亮") && list.contains(&file), "{list}");
    let before = street.get("/archive?year=2025").await.body;
    assert!(!before.contains("路灯不亮"));
    // Who may not lift masks may not have it: it holds everything in full.
    let other = PersonId::from_bytes([34; 16]);
    server
        .add_person(other, "考评员", "sun", STREET, Role::Assessor)
        .await;
    let mut assessor = server.signed_in("sun").await;
    assert_eq!(assessor.get(&file).await.status, StatusCode::FORBIDDEN);
}

#[tokio::test]
async fn whoever_was_asked_first_follows_it_to_the_end() {
    let server = Server::start().await;
    let own = put_incident(&server, 7).await;
    let told = put_incident_of(&server, 8, "").await;
    let mut worker = server.signed_in("li").await;
    let mut street = server.signed_in("wang").await;
    let list = worker.get("/first-asked").await;
    assert_eq!(list.status, StatusCode::OK);
    // One's own report is there, what a resident told and nobody took up is not.
    assert!(list.body.contains("SJ20260101000007") && !list.body.contains("SJ20260101000008"));
    assert!(list.body.contains("社区受理台") && !list.body.contains("各首问责任人"));
    let act = |id: RecordId| format!("/cases/{id}/act");
    let page = |id: RecordId| format!("/cases/{id}");
    let file = [("verb", "file"), ("version", "0")];
    let done = street.submit(&page(told), &act(told), &file).await;
    assert_eq!(done.status, StatusCode::SEE_OTHER, "{}", done.body);
    // Whoever took it up was asked first.
    let taken = street.get("/first-asked").await.body;
    assert!(taken.contains("SJ20260101000008") && taken.contains("各首问责任人"));
    let shown = street.get(&page(told)).await.body;
    assert!(shown.contains("首问责任人") && shown.contains("更正首问责任人"));
    assert!(shown.contains("李网格 · 第一网格"));
    // The desk says that it was the worker, with a reason.
    let name = |person: &str, version: &'static str| {
        vec![
            ("verb", "name_first_asked".to_owned()),
            ("version", version.to_owned()),
            ("person", person.to_owned()),
            ("text", "居民先找的网格员".to_owned()),
        ]
    };
    let nobody = PersonId::from_bytes([77; 16]).to_string();
    for (person, why) in [(nobody.as_str(), "没有这个人"), ("x", "申请缺少必要的内容")]
    {
        let fields = name(person, "1");
        let fields: Vec<_> = fields
            .iter()
            .map(|(key, value)| (*key, value.as_str()))
            .collect();
        let refused = street.submit(&page(told), &act(told), &fields).await;
        assert_eq!(refused.status, StatusCode::CONFLICT);
        assert!(refused.body.contains(why), "{}", refused.body);
    }
    let fields = name(&WORKER.to_string(), "1");
    let fields: Vec<_> = fields
        .iter()
        .map(|(key, value)| (*key, value.as_str()))
        .collect();
    let done = street.submit(&page(told), &act(told), &fields).await;
    assert_eq!(done.status, StatusCode::SEE_OTHER, "{}", done.body);
    let shown = street.get(&page(told)).await.body;
    assert!(shown.contains("居民先找的网格员"));
    let both = worker.get("/first-asked").await.body;
    assert!(both.contains("SJ20260101000007") && both.contains("SJ20260101000008"));
    // The supervisor looks at the worker's list, the worker at nobody else's.
    let of = |person: PersonId| format!("/first-asked?person={person}");
    let led = street.get(&of(WORKER)).await.body;
    assert!(led.contains("李网格首问的事件") && led.contains("SJ20260101000007"));
    let other = worker.get(&of(super::client::SUPERVISOR)).await.body;
    assert!(other.contains("李网格首问的事件"));
    // It goes on to a unit and another level, and the tracker stays.
    let reason = [
        ("verb", "escalate"),
        ("version", "0"),
        ("text", "需要街道协调"),
    ];
    let refused = worker.submit(&page(own), &act(own), &reason).await;
    assert_eq!(refused.status, StatusCode::CONFLICT, "{}", refused.body);
    let file = [("verb", "file"), ("version", "0")];
    let done = street.submit(&page(own), &act(own), &file).await;
    assert_eq!(done.status, StatusCode::SEE_OTHER, "{}", done.body);
    let still = worker.get("/first-asked").await.body;
    assert!(still.contains("SJ20260101000007") && still.contains("已立案"));
}
