//! Work orders of the hotline through the JSON API.

use wangge_model::{OrgNodeId, case::CaseAction, hotline::HOTLINE_CLASSES};

use super::{
    org::{community_of, office},
    *,
};
use crate::{auth::Scope, ingest::case_action, storage::NewReference};

const ORDERS: &str = "/api/v1/orders";

async fn publish_classes(program: &Program, node: OrgNodeId) {
    let body = json!({ "classes": { "城市管理/路灯": "4006" } });
    let set = NewReference {
        name: HOTLINE_CLASSES.to_owned(),
        node,
        body: Some(body.to_string().into_bytes()),
        person: None,
        at: program.server.clock.now(),
    };
    let storage = &program.server.state.storage;
    assert_eq!(storage.publish_references(&[set]).await.unwrap(), 1);
}

fn outcomes(answer: &Value) -> Vec<&str> {
    let orders = answer["orders"].as_array().unwrap();
    let outcomes = orders.iter().map(|one| one["outcome"].as_str().unwrap());
    outcomes.collect()
}

async fn decide(program: &Program, action: CaseAction, id: &str) {
    let state = &program.server.state;
    program.server.clock.advance_millis(1_000);
    let person = state
        .storage
        .find_person(&program.person)
        .await
        .unwrap()
        .unwrap();
    let scope = Scope::find(state.storage.as_ref(), &person, state.clock.now());
    let scope = scope.await.unwrap();
    let id = id.parse().unwrap();
    case_action::decide(state, &scope, id, action, None)
        .await
        .unwrap();
}

#[tokio::test]
async fn a_program_brings_orders_in_once_and_fetches_their_results() {
    let program = office(90, Role::ServiceDesk, false).await;
    let node = community_of(&program).await;
    publish_classes(&program, program.server.street).await;
    let grid_code = "3799990010010000001";
    let order = |number: &str, class: &str, title: &str| {
        json!({
            "number": number, "class": class, "title": title, "address": "平安里路口",
            "grid_code": grid_code, "received_at": "2026-01-01 08:00",
        })
    };
    let body = json!({ "node": node, "orders": [
        order("JN1", "城市管理/路灯/不亮", "路灯不亮"),
        order("JN2", "社会保障/养老", "养老金查询"),
        json!({ "number": "JN3", "class": "城市管理/路灯", "content": "何处不知" }),
        json!({ "number": "", "title": "无编号" }),
        json!({ "number": "JN4", "title": "时间不对", "received_at": "昨天" }),
    ] });
    let (status, taken) = program.ask(Method::POST, ORDERS, Some(body.clone())).await;
    assert_eq!(status, 200, "{taken}");
    let expected = ["opened", "unmapped", "unplaced", "refused", "refused"];
    assert_eq!(outcomes(&taken), expected);
    assert_eq!(taken["orders"][3]["code"], "number");
    assert_eq!(taken["orders"][4]["code"], "time");
    // The same again changes nothing.
    let (_, again) = program.ask(Method::POST, ORDERS, Some(body)).await;
    let expected = ["same", "same", "same", "refused", "refused"];
    assert_eq!(outcomes(&again), expected);
    let other = json!({ "node": node, "orders": [order("JN1", "城市管理/路灯", "别的")] });
    let (_, different) = program.ask(Method::POST, ORDERS, Some(other)).await;
    assert_eq!(outcomes(&different), ["different"]);
    let (_, list) = program.ask(Method::GET, ORDERS, None).await;
    assert_eq!((&list["total"], &list["waiting"]), (&json!(3), &json!(2)));
    let (_, open) = program
        .ask(Method::GET, "/api/v1/orders?state=open", None)
        .await;
    let row = &open["orders"][0];
    assert_eq!(
        (
            &row["number"],
            &row["title"],
            &row["category"],
            &row["differs"]
        ),
        (
            &json!("JN1"),
            &json!("路灯不亮"),
            &json!("4006"),
            &json!(true)
        )
    );
    let incident = row["incident"].as_str().unwrap().to_owned();
    let (_, case) = program
        .ask(Method::GET, &format!("/api/v1/cases/{incident}"), None)
        .await;
    assert_eq!(
        (&case["state"], &case["title"]),
        (&json!("reported"), &json!("路灯不亮"))
    );

    let results = "/api/v1/orders/results";
    let (_, none) = program.ask(Method::GET, results, None).await;
    assert_eq!(none["results"], json!([]));
    let reason = "已由市政更换".to_owned();
    decide(&program, CaseAction::Void { reason }, &incident).await;
    let (_, done) = program.ask(Method::GET, results, None).await;
    let result = &done["results"][0];
    assert_eq!(
        (&result["number"], &result["state"], &result["result"]),
        (&json!("JN1"), &json!("void"), &json!("已由市政更换"))
    );
    assert!(
        result["done_at"]
            .as_str()
            .unwrap()
            .starts_with("2026-01-01T")
    );
    // Fetching marks nothing: an answer that was lost is fetched again.
    let (_, done) = program.ask(Method::GET, results, None).await;
    assert_eq!(done["results"].as_array().unwrap().len(), 1);
    let confirm = json!({ "numbers": ["JN1", "JN2", "JN9"] });
    let path = "/api/v1/orders/results/confirm";
    let (status, marked) = program.ask(Method::POST, path, Some(confirm)).await;
    assert_eq!((status, &marked["marked"]), (200, &json!(1)));
    let (_, none) = program.ask(Method::GET, results, None).await;
    assert_eq!(none["results"], json!([]));
    let (_, again) = program
        .ask(Method::GET, "/api/v1/orders/results?again=true", None)
        .await;
    assert_eq!(again["results"][0]["number"], "JN1");
}

#[tokio::test]
async fn orders_are_for_desks_and_within_bounds() {
    let program = office(91, Role::ServiceDesk, false).await;
    let street = program.server.street.to_string();
    let empty = |node: &str| json!({ "node": node, "orders": [] });
    let (status, _) = program
        .ask(Method::POST, ORDERS, Some(empty(&street)))
        .await;
    assert_eq!(status, 404, "above the own community");
    let (status, _) = program.ask(Method::POST, ORDERS, Some(empty("x"))).await;
    assert_eq!(status, 404);
    let node = community_of(&program).await;
    let many: Vec<_> = (0..501)
        .map(|n| json!({ "number": n.to_string(), "title": "x" }))
        .collect();
    let body = json!({ "node": node, "orders": many });
    let (status, refused) = program.ask(Method::POST, ORDERS, Some(body)).await;
    assert_eq!((status, &refused["code"]), (422, &json!("too_many")));
    let unknown = json!({ "node": node, "orders": [{ "number": "1", "caller": "王" }] });
    let (status, _) = program.ask(Method::POST, ORDERS, Some(unknown)).await;
    assert_eq!(status, 400, "nothing about the caller is taken");
    let (status, _) = program
        .ask(Method::GET, "/api/v1/orders?state=lost", None)
        .await;
    assert_eq!(status, 400);
    // A megabyte of text is one order that cannot be kept, and the next can.
    let body = json!({ "node": node, "orders": [
        { "number": "A1", "content": "长".repeat(350_000) }, { "number": "A2", "title": "短" },
    ] });
    let (status, taken) = program.ask(Method::POST, ORDERS, Some(body)).await;
    assert_eq!(status, 200);
    assert_eq!(outcomes(&taken), ["refused", "unmapped"]);

    let worker = super::program(92, Role::GridWorker).await;
    for path in [ORDERS, "/api/v1/orders/results"] {
        assert_eq!(worker.ask(Method::GET, path, None).await.0, 403, "{path}");
    }
    let grid = worker.server.grids[0].to_string();
    let (status, _) = worker.ask(Method::POST, ORDERS, Some(empty(&grid))).await;
    assert_eq!(status, 403);
}
