//! Codes on walls, reports by them, messages and notices, by HTTP requests.

use axum::http::StatusCode;
use wangge_model::{OrgNodeId, RecordId, RecordKind, document::RecordDocument, incident::Incident};

use super::client::{Answer, Browser, GRID, OTHER_GRID, SUPERVISOR, Server};
use crate::{Settings, storage::CaseFilter};

const PHONE: &str = "13800000001";

async fn start() -> Server {
    let settings = Settings {
        sends_messages: true,
        ..Settings::default()
    };
    Server::start_with(settings).await
}

/// What lies between two texts, the first time.
fn between<'a>(text: &'a str, start: &str, end: &str) -> &'a str {
    let (_, rest) = text
        .split_once(start)
        .unwrap_or_else(|| panic!("{start} in {text}"));
    rest.split_once(end).unwrap().0
}

/// A code of the first grid that the street's desk made.
async fn make_code(desk: &mut Browser, label: &str) -> String {
    let grid = OrgNodeId::from(GRID).to_string();
    let made = desk
        .submit(
            "/report-codes",
            "/report-codes",
            &[("label", label), ("grid", &grid)],
        )
        .await;
    assert_eq!(made.status, StatusCode::SEE_OTHER, "{}", made.body);
    let list = desk.get("/report-codes?done=made").await.body;
    let (before, _) = list.split_once("/card\"").unwrap();
    before.rsplit('/').next().unwrap().to_owned()
}

const REPORT: [(&str, &str); 4] = [
    ("class", "4006"),
    ("place", "平安里 2 号楼前"),
    ("description", "路灯不亮\n已经三天"),
    ("phone", "138 0000 0001"),
];

/// Sends a report with the mark of the form.
async fn report(resident: &mut Browser, code: &str, fields: &[(&str, &str)]) -> Answer {
    let page = format!("/r/{code}");
    let form = resident.get(&page).await.body;
    let mark = between(&form, "name=\"mark\" value=\"", "\"").to_owned();
    let fields: Vec<(&str, &str)> = fields
        .iter()
        .copied()
        .chain([("mark", mark.as_str())])
        .collect();
    resident.post(&page, &fields).await
}

fn tracking(answer: &Answer) -> String {
    between(&answer.body, "card-name code\">", "<").to_owned()
}

async fn incidents(server: &Server) -> Vec<(RecordId, Incident)> {
    let all = CaseFilter {
        limit: 100,
        ..CaseFilter::default()
    };
    let now = wangge_model::Clock::now(server.clock.as_ref());
    let storage = &server.state.storage;
    let found = storage.list_cases(&all, &SUPERVISOR, now).await.unwrap();
    let mut incidents = Vec::new();
    for case in found.cases {
        let stored = storage.find_record(&case.record.id).await.unwrap().unwrap();
        assert_eq!((stored.kind, stored.grid), (RecordKind::Incident, GRID));
        let bytes = String::from_utf8_lossy(&stored.document);
        assert!(!bytes.contains(PHONE), "the number is in no record");
        let document = RecordDocument::load(stored.kind, Some(&stored.document), []).unwrap();
        incidents.push((case.record.id, Incident::read(&document)));
    }
    incidents
}

#[tokio::test]
async fn a_resident_reports_by_a_code_and_sees_how_far_it_is() {
    let server = start().await;
    let mut desk = server.signed_in("wang").await;
    let code = make_code(&mut desk, "平安里东门").await;
    let card = desk.get(&format!("/report-codes/{code}/card")).await;
    assert!(card.body.contains(&format!("/r/{code}")) && card.body.contains("<svg class=\"qr\""));

    let mut resident = server.browser();
    let form = resident.get(&format!("/r/{code}")).await;
    assert_eq!(form.status, StatusCode::OK);
    assert!(
        form.body.contains("value=\"平安里东门\""),
        "the place is filled in"
    );
    assert!(!form.body.contains("<script"), "works without scripts");
    let sent = report(&mut resident, &code, &REPORT).await;
    assert_eq!(sent.status, StatusCode::OK, "{}", sent.body);
    let tracking = tracking(&sent);
    assert_eq!(tracking.len(), 14);

    let all = incidents(&server).await;
    let (id, incident) = &all[0];
    assert_eq!(all.len(), 1);
    assert_eq!(
        (
            incident.source.as_str(),
            incident.category.as_str(),
            incident.title.as_str()
        ),
        ("resident", "4006", "路灯不亮")
    );
    assert!(incident.case.number.starts_with("SJ2026"));
    assert_eq!(incident.case.decided.as_ref().unwrap().reporter, None);

    let look = async |resident: &mut Browser, code: &str| {
        resident.post("/r/track", &[("tracking", code)]).await
    };
    let lower = tracking.to_lowercase();
    let found = look(&mut resident, &lower).await;
    assert_eq!(found.status, StatusCode::OK);
    assert!(found.body.contains("已收到，等待社区受理"));
    let done = desk
        .submit(
            &format!("/cases/{id}"),
            &format!("/cases/{id}/act"),
            &[("verb", "file"), ("version", "0")],
        )
        .await;
    assert_eq!(done.status, StatusCode::SEE_OTHER, "{}", done.body);
    let found = look(&mut resident, &tracking).await.body;
    assert!(found.contains("社区已受理"));
    for private in ["路灯", "平安里", "SJ2026", "王社区", PHONE] {
        assert!(!found.contains(private), "{private}");
    }
    let messages = desk.get("/messages").await.body;
    assert!(messages.contains("138****0001") && messages.contains("已受理"));
    assert!(!messages.contains(PHONE));
    let unknown = look(&mut resident, "0000-0000-0000").await;
    assert_eq!(unknown.status, StatusCode::NOT_FOUND);
    assert!(unknown.body.contains("没有找到这个查询码"));
    let audit = server.audit().await.join("\n");
    assert!(audit.contains("report_code_made"), "{audit}");
}

#[tokio::test]
async fn every_refusal_of_a_report_is_said_in_words() {
    let server = start().await;
    let mut desk = server.signed_in("wang").await;
    let code = make_code(&mut desk, "平安里东门").await;
    let mut resident = server.browser();
    let with = |name: &'static str, value: &'static str| {
        REPORT.map(|(key, old)| {
            if key == name {
                (key, value)
            } else {
                (key, old)
            }
        })
    };
    for (fields, words) in [
        (with("class", "2001"), "请选择问题类型"),
        (with("place", " "), "请填写地点"),
        (with("description", "坏"), "请说明情况"),
        (with("phone", "12345"), "手机号不正确"),
    ] {
        let refused = report(&mut resident, &code, &fields).await;
        assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY);
        assert!(refused.body.contains(words), "{words}");
    }
    let program: Vec<_> = REPORT
        .into_iter()
        .chain([("website", "http://x")])
        .collect();
    let refused = report(&mut resident, &code, &program).await;
    assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(refused.body.contains("看不见的栏目"));
    // What was typed is still there, and nothing of it is markup.
    let script = with("description", "<script>alert(1)</script>");
    let script: Vec<_> = script.into_iter().chain([("website", "x")]).collect();
    let refused = report(&mut resident, &code, &script).await.body;
    assert!(refused.contains("&#60;script&#62;") && !refused.contains("<script>"));

    // A megabyte of text, more than the description may have but not than a form.
    let huge = "长".repeat(350_000);
    let page = format!("/r/{code}");
    let refused = resident.post(&page, &[("description", &huge)]).await;
    assert_eq!(refused.status, StatusCode::PAYLOAD_TOO_LARGE);
    let long = "长".repeat(1_001);
    let fields = [
        ("class", "4006"),
        ("place", "门口"),
        ("description", long.as_str()),
    ];
    let refused = report(&mut resident, &code, &fields).await;
    assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY);

    // From another site, or no form at all.
    resident.site = Some("cross-site".to_owned());
    let forged = resident.post(&page, &REPORT).await;
    assert_eq!(forged.status, StatusCode::FORBIDDEN);
    assert!(incidents(&server).await.is_empty(), "nothing was reported");
}

#[tokio::test]
async fn a_wrong_and_a_revoked_code_look_the_same() {
    let server = start().await;
    let mut desk = server.signed_in("wang").await;
    let code = make_code(&mut desk, "平安里东门").await;
    let revoked = desk
        .submit(
            "/report-codes",
            &format!("/report-codes/{code}/revoke"),
            &[],
        )
        .await;
    assert_eq!(revoked.status, StatusCode::SEE_OTHER);
    let mut resident = server.browser();
    let mut bodies = Vec::new();
    for code in [code.as_str(), "0000000000AB", "..%2f..%2fetc", "短"] {
        let path = format!("/r/{code}");
        let page = resident
            .get(&crate::console::link::encode(&path).replace("%2F", "/"))
            .await;
        assert_eq!(page.status, StatusCode::NOT_FOUND, "{code}");
        assert!(page.body.contains("这个二维码不存在或已停用"), "{code}");
        bodies.push(page.body);
    }
    assert_eq!(bodies[0], bodies[1]);
    let sent = resident.post(&format!("/r/{code}"), &REPORT).await;
    assert_eq!(sent.status, StatusCode::NOT_FOUND);
    assert!(incidents(&server).await.is_empty());
    let card = desk.get(&format!("/report-codes/{code}/card")).await;
    assert_eq!(card.status, StatusCode::NOT_FOUND);
    let list = desk.get("/report-codes").await.body;
    assert!(list.contains("已停用"));
    assert!(
        server
            .audit()
            .await
            .join("\n")
            .contains("report_code_revoked")
    );
}

#[tokio::test]
async fn a_flood_from_one_address_is_held_up_and_others_are_not() {
    let server = start().await;
    let mut desk = server.signed_in("wang").await;
    let code = make_code(&mut desk, "平安里东门").await;
    let mut flood = server.browser();
    flood.address = "10.0.0.9:4000".to_owned();
    let mut accepted = 0;
    let mut held = None;
    for _ in 0..40 {
        let answer = report(&mut flood, &code, &REPORT).await;
        if answer.status == StatusCode::OK {
            accepted += 1;
        } else {
            held = Some(answer);
            break;
        }
    }
    let held = held.expect("somebody says stop");
    assert_eq!((accepted, held.status), (10, StatusCode::TOO_MANY_REQUESTS));
    assert!(held.body.contains("分钟后再试") && held.body.contains("119"));
    assert_eq!(held.headers["retry-after"], "120");
    let mut neighbour = server.browser();
    neighbour.address = "10.0.0.10:4000".to_owned();
    let answer = report(&mut neighbour, &code, &REPORT).await;
    assert_eq!(answer.status, StatusCode::OK);
    assert_eq!(incidents(&server).await.len(), 11);
    server.clock.advance_millis(120_000);
    assert_eq!(
        report(&mut flood, &code, &REPORT).await.status,
        StatusCode::OK
    );
    // Guessing codes gets slow too.
    let mut guesser = server.browser();
    guesser.address = "10.0.0.11:4000".to_owned();
    let mut statuses = Vec::new();
    for _ in 0..61 {
        let answer = guesser
            .post("/r/track", &[("tracking", "0000-0000-0000")])
            .await;
        statuses.push(answer.status);
    }
    assert_eq!(statuses[59], StatusCode::NOT_FOUND);
    assert_eq!(statuses[60], StatusCode::TOO_MANY_REQUESTS);
}

#[tokio::test]
async fn the_same_form_sent_twice_is_one_report() {
    let server = start().await;
    let mut desk = server.signed_in("wang").await;
    let code = make_code(&mut desk, "平安里东门").await;
    let mut resident = server.browser();
    let page = format!("/r/{code}");
    let form = resident.get(&page).await.body;
    let mark = between(&form, "name=\"mark\" value=\"", "\"").to_owned();
    let fields: Vec<_> = REPORT
        .into_iter()
        .chain([("mark", mark.as_str())])
        .collect();
    let one = tracking(&resident.post(&page, &fields).await);
    let two = tracking(&resident.post(&page, &fields).await);
    assert_eq!(one, two);
    assert_eq!(incidents(&server).await.len(), 1);
    let other = tracking(&report(&mut resident, &code, &REPORT).await);
    assert_ne!(one, other);
    assert_eq!(incidents(&server).await.len(), 2);
}

#[tokio::test]
async fn a_deployment_may_close_its_public_pages_and_asks_no_number_it_cannot_use() {
    let settings = Settings {
        resident_reports: false,
        ..Settings::default()
    };
    let server = Server::start_with(settings).await;
    let mut desk = server.signed_in("wang").await;
    let code = make_code(&mut desk, "平安里东门").await;
    assert!(
        desk.get("/report-codes")
            .await
            .body
            .contains("关闭了居民上报")
    );
    let mut resident = server.browser();
    for path in [format!("/r/{code}"), "/r/track".to_owned()] {
        assert_eq!(resident.get(&path).await.status, StatusCode::NOT_FOUND);
    }
    let sent = resident.post(&format!("/r/{code}"), &REPORT).await;
    assert_eq!(sent.status, StatusCode::NOT_FOUND);

    // No outlet: no number is asked for, and one that is sent is not kept.
    let server = Server::start().await;
    let mut desk = server.signed_in("wang").await;
    let code = make_code(&mut desk, "平安里东门").await;
    let mut resident = server.browser();
    let form = resident.get(&format!("/r/{code}")).await.body;
    assert!(!form.contains("name=\"phone\""));
    let sent = report(&mut resident, &code, &REPORT).await;
    assert_eq!(sent.status, StatusCode::OK);
    assert!(!sent.body.contains("发消息"));
    let (id, _) = incidents(&server).await.remove(0);
    desk.submit(
        &format!("/cases/{id}"),
        &format!("/cases/{id}/act"),
        &[("verb", "file"), ("version", "0")],
    )
    .await;
    assert!(desk.get("/messages").await.body.contains("没有消息"));
}

#[tokio::test]
async fn codes_messages_and_notices_are_for_the_desk_of_the_grid() {
    let server = start().await;
    let mut worker = server.signed_in("li").await;
    for path in ["/report-codes", "/messages", "/messages/notice", "/orders"] {
        assert_eq!(
            worker.get(path).await.status,
            StatusCode::FORBIDDEN,
            "{path}"
        );
    }
    let mut desk = server.signed_in("wang").await;
    let code = make_code(&mut desk, "平安里东门").await;
    let card = format!("/report-codes/{code}/card");
    assert_eq!(worker.get(&card).await.status, StatusCode::NOT_FOUND);
    let forged = desk
        .post(
            "/report-codes",
            &[("label", "东门"), ("grid", &GRID.to_string())],
        )
        .await;
    assert_eq!(forged.status, StatusCode::FORBIDDEN, "no form token");
    let unfit = desk
        .submit(
            "/report-codes",
            "/report-codes",
            &[("label", "东"), ("grid", &GRID.to_string())],
        )
        .await;
    assert_eq!(unfit.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(unfit.body.contains("请填写张贴位置"));
}

#[tokio::test]
async fn a_notice_goes_to_the_households_that_were_chosen() {
    let server = start().await;
    let with = server
        .put_household(
            5,
            GRID,
            &[("address.room", "501室"), ("contact.phone", PHONE)],
        )
        .await;
    let without = server
        .put_household(6, GRID, &[("address.room", "502室")])
        .await;
    server
        .put_household(
            7,
            OTHER_GRID,
            &[("address.room", "503室"), ("contact.phone", "13800000003")],
        )
        .await;
    let mut desk = server.signed_in("wang").await;
    let empty = desk.get("/messages/notice").await.body;
    assert!(empty.contains("请先按网格或关键词查找"));
    let page = format!("/messages/notice?grid={GRID}");
    let choice = desk.get(&page).await.body;
    assert!(choice.contains("501室") && choice.contains("138****0001"));
    assert!(!choice.contains("502室") && !choice.contains("503室") && !choice.contains(PHONE));
    let (with, without) = (with.to_string(), without.to_string());
    let grid = GRID.to_string();
    let none = desk
        .submit(
            &page,
            "/messages/notice",
            &[("text", "明天停水"), ("grid", &grid)],
        )
        .await;
    assert_eq!(none.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(none.body.contains("没有可以发送的对象"));
    let fields = [
        ("text", "明天上午八点停水"),
        ("grid", grid.as_str()),
        ("household", with.as_str()),
        ("household", without.as_str()),
    ];
    let sent = desk.submit(&page, "/messages/notice", &fields).await;
    assert_eq!(sent.status, StatusCode::SEE_OTHER, "{}", sent.body);
    assert_eq!(sent.location(), "/messages?queued=1");
    let shown = desk.get("/messages?queued=1").await.body;
    assert!(shown.contains("已排队 1 条消息") && shown.contains("明天上午八点停水"));
    assert!(shown.contains("138****0001") && !shown.contains(PHONE));
    let audit = server.audit().await.join("\n");
    assert!(
        audit.contains("notice_sent") && !audit.contains(PHONE),
        "{audit}"
    );
    let mut many: Vec<(&str, String)> = (0..501_u32)
        .map(|n| {
            let mut id = [0x99; 16];
            id[..4].copy_from_slice(&n.to_be_bytes());
            ("household", RecordId::from_bytes(id).to_string())
        })
        .collect();
    many.push(("text", "明天上午八点停水".to_owned()));
    let many: Vec<(&str, &str)> = many.iter().map(|(k, v)| (*k, v.as_str())).collect();
    let refused = desk.submit(&page, "/messages/notice", &many).await;
    assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(refused.body.contains("一次最多选择 500 户"));
}
