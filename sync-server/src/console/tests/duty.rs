//! The duty roster and its rates, by HTTP requests.

use axum::http::StatusCode;
use wangge_model::{DutyId, PersonId, RateCountId};

use super::client::{STREET, Server, WORKER};

#[tokio::test]
async fn a_roster_is_planned_printed_and_taken_back() {
    let server = Server::start().await;
    let mut desk = server.signed_in("wang").await;
    let mut worker = server.signed_in("li").await;
    let (node, person) = (STREET.to_string(), WORKER.to_string());
    let form = |changed: &'static str, value: &str| {
        let fields = [
            ("node", node.as_str()),
            ("person", person.as_str()),
            ("day", "2026-01-01"),
            ("from", "08:00"),
            ("until", "17:30"),
            ("note", "一楼大厅"),
        ];
        fields
            .map(|(name, given)| (name, if name == changed { value } else { given }.to_owned()))
            .to_vec()
    };
    let nobody = PersonId::from_bytes([77; 16]).to_string();
    let megabyte = "长".repeat(350_000);
    for (field, value, said) in [
        ("from", "25:00", "请按“08:30”的样子"),
        ("until", "08:00", "请按“08:30”的样子"),
        ("day", "2025-12-31", "今天或以后一年之内"),
        ("day", "9999-12-31", "今天或以后一年之内"),
        ("note", "长".repeat(61).as_str(), "备注最多 60 个字"),
        ("node", nobody.as_str(), "不由您安排值班"),
        ("node", "x", "不由您安排值班"),
        ("person", nobody.as_str(), "没有这个人在岗"),
    ] {
        let fields = form(field, value);
        let fields: Vec<_> = fields.iter().map(|(k, v)| (*k, v.as_str())).collect();
        let answer = desk.submit("/duty", "/duty", &fields).await;
        assert_eq!(answer.status, StatusCode::UNPROCESSABLE_ENTITY, "{field}");
        assert!(answer.body.contains(said), "{field}: {}", answer.body);
    }
    let fields = form("note", &megabyte);
    let fields: Vec<_> = fields.iter().map(|(k, v)| (*k, v.as_str())).collect();
    let large = desk.submit("/duty", "/duty", &fields).await;
    assert!(large.status.is_client_error(), "{}", large.status);
    let good = form("", "");
    let good: Vec<_> = good.iter().map(|(k, v)| (*k, v.as_str())).collect();
    let refused = worker.submit("/", "/duty", &good).await;
    assert_eq!(refused.status, StatusCode::FORBIDDEN);
    let forged = desk.post("/duty", &good).await;
    assert_eq!(forged.status, StatusCode::FORBIDDEN, "no form token");
    let done = desk.submit("/duty", "/duty", &good).await;
    assert_eq!(done.status, StatusCode::SEE_OTHER, "{}", done.body);
    let twice = desk.submit("/duty", "/duty", &good).await;
    assert_eq!(twice.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(twice.body.contains("已经安排了值班"));
    let roster = desk.get(done.location()).await.body;
    assert!(roster.contains("已安排值班。") && roster.contains("李网格"));
    assert!(roster.contains("一楼大厅") && roster.contains("正在值班"));
    let own = worker.get("/duty?on=2026-01-02").await.body;
    assert!(own.contains("一楼大厅") && !own.contains("取消这次值班"));
    let other = worker.get("/duty?on=2026-02-02").await.body;
    assert!(other.contains("这几天没有安排值班"));
    let id = roster
        .split("action=\"/duty/")
        .nth(1)
        .and_then(|rest| rest.split('/').next())
        .unwrap()
        .to_owned();
    let cancel = format!("/duty/{id}/cancel");
    let theirs = worker.submit("/", &cancel, &[]).await;
    assert_eq!(theirs.status, StatusCode::NOT_FOUND);
    let unknown = format!("/duty/{}/cancel", DutyId::from_bytes([9; 16]));
    let none = desk.submit("/duty", &unknown, &[]).await;
    assert_eq!(none.status, StatusCode::NOT_FOUND);
    let done = desk.submit("/duty", &cancel, &[]).await;
    assert_eq!(done.status, StatusCode::SEE_OTHER);
    assert!(!worker.get("/duty").await.body.contains("一楼大厅"));
    let audit = server.audit().await.join("\n");
    for noted in ["duty_planned", "duty_cancelled"] {
        assert!(audit.contains(noted), "{audit}");
    }
}

#[tokio::test]
async fn a_rate_nobody_counted_has_no_data() {
    let server = Server::start().await;
    let mut desk = server.signed_in("wang").await;
    let mut worker = server.signed_in("li").await;
    let pages = "/duty/rates";
    let empty = desk.get(pages).await;
    assert_eq!(empty.status, StatusCode::OK);
    assert!(empty.body.contains("居民认识率") && empty.body.contains("无数据"));
    assert!(!empty.body.contains("0.0%"));
    let node = STREET.to_string();
    let form = |rate: &'static str, part: &'static str, whole: &'static str| {
        vec![
            ("rate", rate),
            ("day", "2026-01-01"),
            ("part", part),
            ("whole", whole),
            ("note", "电话抽查"),
        ]
    };
    for (rate, part, whole, said) in [
        ("solved", "1", "2", "问题解决率由系统按事件计算"),
        ("recognition", "3", "2", "不能超过总数"),
        ("recognition", "-1", "2", "不能超过总数"),
        ("recognition", "0", "0", "不能超过总数"),
    ] {
        let mut fields = form(rate, part, whole);
        fields.push(("node", &node));
        let answer = desk.submit(pages, pages, &fields).await;
        assert_eq!(answer.status, StatusCode::UNPROCESSABLE_ENTITY);
        assert!(answer.body.contains(said), "{}", answer.body);
    }
    let mut fields = form("recognition", "17", "20");
    fields.push(("node", &node));
    let refused = worker.submit("/", pages, &fields).await;
    assert_eq!(refused.status, StatusCode::FORBIDDEN);
    let done = desk.submit(pages, pages, &fields).await;
    assert_eq!(done.status, StatusCode::SEE_OTHER, "{}", done.body);
    let shown = desk.get(done.location()).await.body;
    assert!(shown.contains("17 / 20（85.0%）") && shown.contains("电话抽查"));
    assert!(shown.contains("无数据"), "the others were not counted");
    let earlier = desk.get("/duty/rates?on=2025-12-01").await.body;
    assert!(!earlier.contains("17 / 20"));
    let id = shown
        .split("action=\"/duty/rates/")
        .nth(1)
        .and_then(|rest| rest.split('/').next())
        .unwrap()
        .to_owned();
    let withdraw = format!("/duty/rates/{id}/withdraw");
    let theirs = worker.submit("/", &withdraw, &[]).await;
    assert_eq!(theirs.status, StatusCode::NOT_FOUND);
    let unknown = format!("/duty/rates/{}/withdraw", RateCountId::from_bytes([9; 16]));
    let none = desk.submit(pages, &unknown, &[]).await;
    assert_eq!(none.status, StatusCode::NOT_FOUND);
    let done = desk.submit(pages, &withdraw, &[]).await;
    assert_eq!(done.status, StatusCode::SEE_OTHER);
    assert!(!desk.get(pages).await.body.contains("17 / 20"));
    let foreign = format!("/duty/rates?place={}", PersonId::from_bytes([66; 16]));
    assert_eq!(desk.get(&foreign).await.status, StatusCode::NOT_FOUND);
}
