//! Work orders of the hotline at the console: a file comes in, what waits is
//! placed, results go back.

use axum::http::StatusCode;
use wangge_model::{Clock as _, OrgNodeId, RecordKind, hotline::HOTLINE_CLASSES};

use super::client::{Answer, Browser, GRID, STREET, SUPERVISOR, Server};
use crate::storage::{NewReference, RecordFilter};

const CSV: &str = "工单编号,诉求分类,标题,诉求内容,事发地址,网格编码,受理时间\n\
     JN1,城市管理/路灯,反映路灯,三天不亮,平安里路口,02020202,2026-01-01 08:00\n\
     JN2,社会保障/养老,咨询养老金,如何办理,平安里,02020202,\n\
     JN3,城市管理/路灯,反映路灯,,不详,,\n\
     JN4,城市管理/路灯,,,,02020202,\n";

async fn publish_classes(server: &Server) {
    let set = NewReference {
        name: HOTLINE_CLASSES.to_owned(),
        node: STREET,
        body: Some(r#"{"classes": {"城市管理/路灯": "4006"}}"#.as_bytes().to_vec()),
        person: None,
        at: server.clock.now(),
    };
    server
        .state
        .storage
        .publish_references(&[set])
        .await
        .unwrap();
}

async fn import(desk: &mut Browser, node: &OrgNodeId, file: &[u8]) -> Answer {
    let csrf = desk.get("/orders").await.csrf();
    let node = node.to_string();
    let fields = [("csrf", csrf.as_str()), ("node", node.as_str())];
    desk.upload("/orders/import", &fields, "工单.csv", file)
        .await
}

async fn count_incidents(server: &Server) -> u64 {
    let filter = RecordFilter {
        kind: Some(RecordKind::Incident),
        source: Some("hotline".to_owned()),
        limit: 50,
        ..RecordFilter::default()
    };
    let now = server.clock.now();
    let found = server.state.storage.list_records(&SUPERVISOR, now, &filter);
    found.await.unwrap().total
}

#[tokio::test]
async fn a_file_of_orders_becomes_incidents_and_the_same_again_changes_nothing() {
    let server = Server::start().await;
    publish_classes(&server).await;
    let mut desk = server.signed_in("wang").await;
    let taken = import(&mut desk, &STREET, CSV.as_bytes()).await;
    assert_eq!(taken.status, StatusCode::OK, "{}", taken.body);
    for words in [
        "已转为事件",
        "分类不在对照表中，等待归类：社会保障/养老",
        "网格未知",
        "标题和内容都是空的",
    ] {
        assert!(taken.body.contains(words), "{words}");
    }
    assert!(taken.body.contains("有 2 件工单等待归类"));
    assert_eq!(count_incidents(&server).await, 1);
    let again = import(&mut desk, &STREET, CSV.as_bytes()).await.body;
    assert!(again.contains("已导入过，没有变化"));
    assert_eq!(count_incidents(&server).await, 1);
    let other = CSV.replace("三天不亮", "五天不亮");
    let different = import(&mut desk, &STREET, other.as_bytes()).await.body;
    assert!(different.contains("同一编号内容不同"));
    let list = desk.get("/orders?state=open").await.body;
    assert!(
        list.contains("三天不亮") && list.contains("五天不亮") && list.contains("又收到不同内容")
    );
    assert_eq!(count_incidents(&server).await, 1);
    let audit = server.audit().await.join("\n");
    assert!(audit.contains("orders_imported"), "{audit}");
}

#[tokio::test]
async fn what_waits_is_placed_done_and_given_back() {
    let server = Server::start().await;
    publish_classes(&server).await;
    let mut desk = server.signed_in("wang").await;
    import(&mut desk, &STREET, CSV.as_bytes()).await;
    let waiting = desk.get("/orders?state=unmapped").await.body;
    let (before, _) = waiting.split_once("/place\"").unwrap();
    let id = before.rsplit('/').next().unwrap().to_owned();
    let place = format!("/orders/{id}/place");
    for (fields, words) in [
        (
            [("category", "养老"), ("grid", "02020202")],
            "字母和数字的编码",
        ),
        ([("category", "5003"), ("grid", "99")], "没有这个网格"),
        ([("category", "5003"), ("grid", "01010101")], "没有这个网格"),
    ] {
        let refused = desk.submit("/orders", &place, &fields).await;
        assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY);
        assert!(refused.body.contains(words), "{words}");
    }
    let fields = [("category", "5003"), ("grid", "02020202")];
    let placed = desk.submit("/orders", &place, &fields).await;
    assert_eq!(placed.status, StatusCode::SEE_OTHER, "{}", placed.body);
    assert_eq!(count_incidents(&server).await, 2);
    let twice = desk.submit("/orders", &place, &fields).await;
    assert_eq!(
        twice.status,
        StatusCode::NOT_FOUND,
        "it is an incident by now"
    );

    let none = desk
        .submit("/orders", "/orders/export", &[("form", "csv")])
        .await;
    assert_eq!(none.status, StatusCode::NOT_FOUND);
    assert!(none.body.contains("没有待回填的工单"));
    let done = desk
        .submit(
            &format!("/cases/{id}"),
            &format!("/cases/{id}/act"),
            &[("verb", "void"), ("version", "0"), ("text", "=已电话答复")],
        )
        .await;
    assert_eq!(done.status, StatusCode::SEE_OTHER, "{}", done.body);
    let file = desk
        .submit("/orders", "/orders/export", &[("form", "csv")])
        .await;
    assert_eq!(file.status, StatusCode::OK);
    assert_eq!(file.headers["content-type"], "text/csv; charset=utf-8");
    assert!(file.body.contains("工单编号") && file.body.contains("JN2"));
    assert!(
        file.body.contains("'=已电话答复"),
        "no formula: {}",
        file.body
    );
    assert!(!file.body.contains("JN1"));
    let none = desk
        .submit("/orders", "/orders/export", &[("form", "json")])
        .await;
    assert_eq!(none.status, StatusCode::NOT_FOUND, "given back");
    let again = desk
        .submit(
            "/orders",
            "/orders/export",
            &[("form", "json"), ("again", "1")],
        )
        .await;
    let json: serde_json::Value = serde_json::from_str(&again.body).unwrap();
    assert_eq!(json["results"][0]["number"], "JN2");
    assert!(
        desk.get("/orders?state=exported")
            .await
            .body
            .contains("已回填")
    );
    let audit = server.audit().await.join("\n");
    assert!(
        audit.contains("order_placed") && audit.contains("orders_exported"),
        "{audit}"
    );
}

#[tokio::test]
async fn files_that_hold_no_orders_are_refused_in_words() {
    let server = Server::start().await;
    let mut desk = server.signed_in("wang").await;
    let none = import(&mut desk, &STREET, "姓名,电话\n王小明,1\n".as_bytes()).await;
    assert_eq!(none.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(none.body.contains("没有找到表头"));
    let empty = import(&mut desk, &STREET, b"").await;
    assert!(empty.body.contains("请选择有内容的文件"));
    let foreign = OrgNodeId::from_bytes([77; 16]);
    let nowhere = import(&mut desk, &foreign, CSV.as_bytes()).await;
    assert!(nowhere.body.contains("请选择您负责受理的归属"));
    let damaged = import(&mut desk, &STREET, b"PK\x03\x04 not a workbook").await;
    assert_eq!(damaged.status, StatusCode::UNPROCESSABLE_ENTITY);
    let mut worker = server.signed_in("li").await;
    let csrf = worker.get("/").await.csrf();
    let grid = OrgNodeId::from(GRID).to_string();
    let fields = [("csrf", csrf.as_str()), ("node", grid.as_str())];
    let refused = worker
        .upload("/orders/import", &fields, "a.csv", CSV.as_bytes())
        .await;
    assert_eq!(refused.status, StatusCode::FORBIDDEN);
    assert_eq!(count_incidents(&server).await, 0);
}
