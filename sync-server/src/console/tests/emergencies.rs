//! Emergencies, by HTTP requests.

use axum::http::StatusCode;
use wangge_model::PersonId;

use super::client::{GRID, STREET, Server};
use crate::storage::Role;

#[tokio::test]
async fn an_emergency_is_declared_shown_on_every_page_and_ended() {
    let server = Server::start().await;
    // The worker's phone was enrolled before.
    server.clock.advance_millis(60_000);
    let mut desk = server.signed_in("wang").await;
    let mut worker = server.signed_in("li").await;
    let pages = "/emergencies";
    let node = STREET.to_string();
    let form = |level: &'static str, reason: &'static str| {
        [
            ("level", level),
            ("ends_on", "2026-01-03"),
            ("ordered_by", "街道防汛指挥部"),
            ("reason", reason),
        ]
    };
    for (level, reason, said) in [
        ("reinforced", " ", "请填写原因"),
        ("response", "防汛", "三级由区县宣布"),
    ] {
        let mut form = form(level, reason).to_vec();
        form.push(("node", &node));
        let answer = desk.submit(pages, pages, &form).await;
        assert_eq!(answer.status, StatusCode::UNPROCESSABLE_ENTITY);
        assert!(answer.body.contains(said), "{}", answer.body);
    }
    let mut form = form("reinforced", "防汛值守").to_vec();
    form.push(("node", &node));
    let refused = worker.submit("/", pages, &form).await;
    assert_eq!(refused.status, StatusCode::FORBIDDEN);
    let answer = desk.submit(pages, pages, &form).await;
    assert_eq!(answer.status, StatusCode::SEE_OTHER, "{}", answer.body);
    let page = desk.get(answer.location()).await.body;
    assert!(page.contains("进行中") && page.contains("街道防汛指挥部"));
    // Everybody in the area is told at the head of every page, nobody else.
    let banner = "泉城街道：二级（加强），至 2026-01-04 00:00。防汛值守";
    assert!(worker.get("/households").await.body.contains(banner));
    let elsewhere = PersonId::from_bytes([33; 16]);
    let county = wangge_model::OrgNodeId::from_bytes([9; 16]);
    let storage = &server.state.storage;
    let new = crate::storage::NewOrgNode {
        id: county,
        parent: None,
        level: crate::storage::OrgLevel::County,
        code: Some("09090909".to_owned()),
        name: "别的县".to_owned(),
        attribute: None,
        valid_from: wangge_model::Timestamp::from_millis(0),
    };
    storage.create_nodes(&[new]).await.unwrap();
    server
        .add_person(elsewhere, "别处的", "zhao", county, Role::Supervisor)
        .await;
    let mut stranger = server.signed_in("zhao").await;
    assert!(!stranger.get("/").await.body.contains("防汛值守"));
    let link = page
        .split("href=\"")
        .find_map(|part| part.strip_prefix("/emergencies/"))
        .and_then(|rest| rest.split('"').next())
        .unwrap();
    let one = format!("/emergencies/{link}");
    assert_eq!(stranger.get(&one).await.status, StatusCode::NOT_FOUND);
    // Roll call: the worker says so, the desk sees it.
    let roll = desk.get(&one).await.body;
    assert!(roll.contains("已报到 0 人，应到 1 人"), "{roll}");
    assert!(roll.contains("李网格") && roll.contains("手机已联系 0 人"));
    let own = worker.get(&one).await.body;
    assert!(own.contains("我已到岗") && !own.contains("点名"));
    let came = worker.submit(&one, &format!("{one}/check-in"), &[]).await;
    assert_eq!(came.status, StatusCode::SEE_OTHER);
    assert!(desk.get(&one).await.body.contains("已报到 1 人，应到 1 人"));
    // What phones answer stands beside it.
    let now = wangge_model::Clock::now(server.clock.as_ref());
    let said = crate::storage::NewRollAnswer {
        id: wangge_model::RequestId::from_bytes([0x71; 16]),
        emergency: link.parse().unwrap(),
        person: super::client::WORKER,
        state: wangge_model::roll_call::RollState::CannotCome,
        reason: "家中老人住院".to_owned(),
        given_at: now,
        at: now,
    };
    let decision = storage.answer_roll_call(&said).await.unwrap();
    assert_eq!(decision.refusal, None);
    let roll = desk.get(&one).await.body;
    assert!(
        roll.contains("不能到岗 1 人") && roll.contains("家中老人住院"),
        "{roll}"
    );
    let end = format!("{one}/end");
    let refused = worker.submit(&one, &end, &[]).await;
    assert_eq!(refused.status, StatusCode::NOT_FOUND);
    let ended = desk.submit(pages, &end, &[]).await;
    let page = desk.get(ended.location()).await.body;
    assert!(page.contains("王社区 提前结束") && page.contains("已结束"));
    assert!(!worker.get("/households").await.body.contains(banner));
    let audit = server.audit().await.join("\n");
    for action in [
        "emergency_declared",
        "emergency_checked_in",
        "emergency_ended",
    ] {
        assert!(audit.contains(action), "{audit}");
    }
}

#[tokio::test]
async fn an_emergency_report_alarms_the_desk_of_the_street() {
    use wangge_model::{ActorId, Clock as _, RecordId, RecordKind, document::RecordDocument};

    use super::client::{WORKER, edits};

    let server = Server::start().await;
    let mut desk = server.signed_in("wang").await;
    assert!(!desk.get("/").await.body.contains("突发事件尚未受理"));
    let now = server.clock.now();
    let id = RecordId::from_bytes([7; 16]);
    let mut document = RecordDocument::new(RecordKind::Incident);
    let fields = edits(&[("title", "河水漫堤"), ("category", "8001")]);
    let first = document
        .edit(&fields, ActorId::from_bytes([1; 16]), now)
        .unwrap()
        .unwrap();
    let reporter = WORKER.to_string();
    let case = edits(&[
        ("case.number", "SJ20260101000001"),
        ("case.state", "reported"),
        ("case.reporter", &reporter),
    ]);
    let second = document
        .edit_as_server(&case, server.state.identity.actor, now)
        .unwrap()
        .unwrap();
    server
        .put_record(id, GRID, &document, vec![first, second], Vec::new())
        .await;
    assert!(desk.get("/").await.body.contains("有 1 件突发事件尚未受理"));
    // In the street's own queue, though the community is responsible.
    let queue = desk.get("/cases?queue=street").await.body;
    assert!(queue.contains("河水漫堤"), "{queue}");
    let page = format!("/cases/{id}");
    let act = format!("{page}/act");
    let done = desk
        .submit(&page, &act, &[("verb", "file"), ("version", "0")])
        .await;
    assert_eq!(done.status, StatusCode::SEE_OTHER);
    assert!(!desk.get("/").await.body.contains("突发事件尚未受理"));
}
