//! Assessment by HTTP requests: the table and its rows, freezing, ratings.

use axum::http::StatusCode;
use wangge_model::{OrgNodeId, PersonId, RecordId, assessment::ASSESSMENT_LIST};

use super::{
    cases::put_incident,
    client::{GRID, OTHER_GRID, STREET, Server},
};
use crate::storage::{NewReference, Role};

const DAY_MS: i64 = 86_400_000;

/// An incident of the first grid that the street's desk filed today.
async fn filed(server: &Server, byte: u8) -> RecordId {
    let id = put_incident(server, byte).await;
    decide(server, id, &[("verb", "file"), ("version", "0")]).await;
    id
}

async fn decide(server: &Server, id: RecordId, fields: &[(&str, &str)]) {
    let page = format!("/cases/{id}");
    let mut street = server.signed_in("wang").await;
    let done = street.submit(&page, &format!("{page}/act"), fields).await;
    assert_eq!(done.status, StatusCode::SEE_OTHER, "{}", done.body);
    count(server).await;
}

async fn count(server: &Server) {
    let storage = &server.state.storage;
    while storage.read_cases(50).await.unwrap() > 0 {}
}

#[tokio::test]
async fn a_table_has_figures_points_and_the_rows_behind_them() {
    let server = Server::start().await;
    filed(&server, 7).await;
    let mut street = server.signed_in("wang").await;
    let page = street.get("/assessment").await;
    assert_eq!(page.status, StatusCode::OK);
    for text in [
        "泉城街道 2026-01",
        "第一网格",
        "第二网格",
        "处置办结率",
        "459,010/472,807",
        "0 / 1",
        "无案件",
        "内置",
    ] {
        assert!(page.body.contains(text), "{text}\n{}", page.body);
    }
    let rows = |formula: &str, part: &str| {
        format!(
            "/assessment/rows?place={STREET}&period=month&on=2026-01-01&formula={formula}&part={part}"
        )
    };
    let shown = street.get(&rows("settled", "whole")).await.body;
    assert!(shown.contains("路灯不亮") && shown.contains("已立案"));
    let shown = street.get(&rows("settled", "part")).await.body;
    assert!(shown.contains("没有明细"));
    let shown = street.get(&rows("reporting_grids", "rest")).await.body;
    assert!(shown.contains("第二网格") && !shown.contains("第一网格"));
    let unknown = street.get(&rows("happiness", "")).await;
    assert_eq!(unknown.status, StatusCode::NOT_FOUND);
    // Of a grid there is one row, and a way up.
    let grid = street.get(&format!("/assessment?place={GRID}")).await.body;
    assert!(grid.contains("第一网格 2026-01") && grid.contains("上级单位"));
    let quarter = street.get("/assessment?period=quarter&on=2026-02-01").await;
    assert!(quarter.body.contains("2026-Q1") && quarter.body.contains("走访覆盖率"));

    // Somebody else's place does not exist, and a worker assesses nobody.
    let mut worker = server.signed_in("li").await;
    let page = worker.get("/assessment").await.body;
    assert!(page.contains("没有可以查看考核的单位"));
    for path in [format!("/assessment?place={STREET}"), rows("settled", "")] {
        assert_eq!(worker.get(&path).await.status, StatusCode::NOT_FOUND);
    }

    // Another list holds from the moment it is published.
    let list = r#"{"indicators": [{"formula": "discovered", "weight": 100, "target": 50,
        "name": {"zh": "主动发现", "en": "Found"}, "periods": ["month", "quarter", "year"]}]}"#;
    wangge_model::reference::check(ASSESSMENT_LIST, list.as_bytes()).unwrap();
    let new = NewReference {
        name: ASSESSMENT_LIST.to_owned(),
        node: STREET,
        body: Some(list.as_bytes().to_vec()),
        person: None,
        at: wangge_model::Clock::now(server.clock.as_ref()),
    };
    let storage = &server.state.storage;
    storage.publish_references(&[new]).await.unwrap();
    let page = street.get("/assessment").await.body;
    assert!(page.contains("主动发现") && !page.contains("处置办结率"));
    assert!(page.contains("1 / 1") && page.contains("100.00"), "{page}");
}

#[tokio::test]
async fn a_month_is_frozen_and_what_changes_later_stands_beside_it() {
    let server = Server::start().await;
    let assessor = PersonId::from_bytes([41; 16]);
    server
        .add_person(assessor, "考评员", "kao", STREET, Role::Assessor)
        .await;
    let id = filed(&server, 7).await;
    let january = format!("/assessment?place={STREET}&period=month&on=2026-01-01");
    let place = STREET.to_string();
    let form = [("place", place.as_str()), ("on", "2026-01-01")];
    let mut early = server.signed_in("kao").await;
    let page = early.get(&january).await.body;
    assert!(
        page.contains("实时") && !page.contains("锁定本月"),
        "not over"
    );
    let refused = early.submit(&january, "/assessment/freeze", &form).await;
    assert_eq!(refused.status, StatusCode::BAD_REQUEST);

    server.clock.advance_millis(32 * DAY_MS);
    let mut street = server.signed_in("wang").await;
    assert!(!street.get(&january).await.body.contains("锁定本月"));
    let refused = street.submit(&january, "/assessment/freeze", &form).await;
    assert_eq!(
        refused.status,
        StatusCode::NOT_FOUND,
        "who assesses freezes"
    );
    let mut desk = server.signed_in("kao").await;
    assert!(desk.get(&january).await.body.contains("锁定本月"));
    let forged = desk.post("/assessment/freeze", &form).await;
    assert_eq!(forged.status, StatusCode::FORBIDDEN, "no form token");
    let done = desk.submit(&january, "/assessment/freeze", &form).await;
    assert_eq!(done.status, StatusCode::SEE_OTHER, "{}", done.body);
    let page = desk.get(done.location()).await.body;
    assert!(page.contains("已锁定") && page.contains("考评员"));
    assert!(!page.contains("现为"), "nothing changed yet");
    let audit = server.audit().await.join("\n");
    assert!(audit.contains("assessment_frozen"), "{audit}");

    // The incident turns out to be none: the frozen figure stays.
    let void = [("verb", "void"), ("version", "1"), ("text", "误报")];
    decide(&server, id, &void).await;
    let page = desk.get(&january).await.body;
    assert!(
        page.contains("0 / 1") && page.contains("现为 无案件"),
        "{page}"
    );
    let again = desk.submit(&january, "/assessment/freeze", &form).await;
    let page = desk.get(again.location()).await.body;
    assert!(page.contains("之前已经锁定"));
}

#[tokio::test]
async fn units_rate_themselves_and_each_other_once() {
    let server = Server::start().await;
    let head = |grid: OrgNodeId, byte: u8, name: &'static str| {
        let id = PersonId::from_bytes([byte; 16]);
        server.add_person(id, name, name, grid, Role::GridHead)
    };
    head(GRID.into(), 42, "tou").await;
    head(OTHER_GRID.into(), 43, "wei").await;
    filed(&server, 7).await;
    let page = "/assessment/ratings?period=month&on=2026-01-01";
    let pair = |rater, unit| format!("{rater},{unit}");
    let (own, peer) = (pair(GRID, GRID), pair(GRID, OTHER_GRID));
    let back = pair(OTHER_GRID, GRID);
    let form = |pair: &str, points: &str, reason: &str| {
        [
            ("period", "month"),
            ("on", "2026-01-01"),
            ("pair", pair),
            ("points", points),
            ("reason", reason),
        ]
        .map(|(name, value)| (name, value.to_owned()))
    };
    let mut first = server.signed_in("tou").await;
    let mut second = server.signed_in("wei").await;
    for (pair, points, reason, said) in [
        (own.as_str(), "101", "按时完成", "0 至 100"),
        (&own, "90", "好", "请填写理由"),
        (&back, "90", "按时完成", "只能评价本单位"),
    ] {
        let fields = form(pair, points, reason);
        let fields = fields
            .each_ref()
            .map(|(name, value)| (*name, value.as_str()));
        let answer = first.submit(page, "/assessment/ratings", &fields).await;
        assert_eq!(answer.status, StatusCode::UNPROCESSABLE_ENTITY);
        assert!(answer.body.contains(said), "{}", answer.body);
    }
    for (who, pair, points) in [(&mut first, &own, "95"), (&mut second, &back, "80")] {
        let fields = form(pair, points, "按时完成走访");
        let fields = fields
            .each_ref()
            .map(|(name, value)| (*name, value.as_str()));
        let answer = who.submit(page, "/assessment/ratings", &fields).await;
        assert_eq!(answer.status, StatusCode::SEE_OTHER, "{}", answer.body);
    }
    let fields = form(&peer, "70", "配合不够");
    let fields = fields
        .each_ref()
        .map(|(name, value)| (*name, value.as_str()));
    let answer = first.submit(page, "/assessment/ratings", &fields).await;
    assert_eq!(answer.status, StatusCode::SEE_OTHER);
    let twice = first.submit(page, "/assessment/ratings", &fields).await;
    assert_eq!(twice.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(twice.body.contains("已经评价过"));
    let shown = first.get(page).await.body;
    assert!(shown.contains("配合不够") && shown.contains("自评"));
    let audit = server.audit().await.join("\n");
    assert!(audit.contains("assessment_rated"), "{audit}");
    // Beside the computed points, in the street's table.
    let mut street = server.signed_in("wang").await;
    let table = street.get("/assessment").await.body;
    for points in ["95.00", "80.00", "70.00"] {
        assert!(table.contains(points), "{points}\n{table}");
    }
    let mut worker = server.signed_in("li").await;
    let shown = worker.get(page).await.body;
    assert!(shown.contains("还没有评价") && !shown.contains("提交评价"));
}

#[tokio::test]
async fn an_analysis_compares_with_the_year_before() {
    let server = Server::start().await;
    filed(&server, 7).await;
    let mut street = server.signed_in("wang").await;
    let page = street.get("/assessment/analysis").await.body;
    for text in [
        "4006",
        "上年同期无",
        "没有反复发生的事件",
        "目标：同比 -10%",
    ] {
        assert!(page.contains(text), "{text}\n{page}");
    }
    let told = street.get("/assessment/analysis?told=1").await.body;
    assert!(told.contains("都没有立案"), "a worker found it");
    let mut worker = server.signed_in("li").await;
    let path = format!("/assessment/analysis?place={STREET}");
    assert_eq!(worker.get(&path).await.status, StatusCode::NOT_FOUND);
}
