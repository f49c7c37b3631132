use axum::{
    body::Body,
    http::{Method, Request, header},
};
use http_body_util::BodyExt as _;
use serde_json::{Value, json};
use tower::ServiceExt as _;
use wangge_model::{Clock as _, PersonId};

mod assessment;
mod duty;
mod order;
mod org;

use super::*;
use crate::{auth::api_token, storage::Role};

/// A program's view of a server with one phone's household in the first grid.
struct Program {
    server: TestServer,
    token: String,
    record: String,
    person: PersonId,
}

async fn program(seed: u64, role: Role) -> Program {
    let (server, mut phone) = one_phone(seed).await;
    let fields = [
        ("address.room", "501室"),
        ("contact.phone", "13800138000"),
        ("members.a.name", "王小明"),
    ];
    let record = phone.create(&server, RecordKind::Household, server.grids[0], &fields);
    phone.sync(&server).await;
    let person = server
        .add_person("平台", server.grids[0].into(), role)
        .await;
    let token = token_of(&server, person, 3_600_000).await;
    Program {
        server,
        token,
        record: record.to_string(),
        person,
    }
}

async fn token_of(server: &TestServer, person: PersonId, life_ms: i64) -> String {
    let (secret, _) = api_token::create(
        server.state.storage.as_ref(),
        server.clock.as_ref(),
        server.entropy.as_ref(),
        person,
        "12345",
        server.clock.now().plus_millis(life_ms),
    )
    .await
    .unwrap();
    secret.reveal()
}

impl Program {
    async fn send(
        &self,
        method: Method,
        path: &str,
        headers: &[(&str, &str)],
        body: Option<Value>,
    ) -> (u16, axum::http::HeaderMap, Value) {
        let mut request = Request::builder()
            .method(method)
            .uri(path)
            .header(header::CONTENT_TYPE, "application/json");
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let body = body.map_or_else(Body::empty, |body| Body::from(body.to_string()));
        let response = self
            .server
            .router()
            .oneshot(request.body(body).unwrap())
            .await
            .unwrap();
        let (parts, body) = response.into_parts();
        let bytes = body.collect().await.unwrap().to_bytes();
        let value = serde_json::from_slice(&bytes).unwrap_or(Value::Null);
        (parts.status.as_u16(), parts.headers, value)
    }

    async fn ask(&self, method: Method, path: &str, body: Option<Value>) -> (u16, Value) {
        let bearer = format!("Bearer {}", self.token);
        let (status, _, value) = self
            .send(method, path, &[("authorization", &bearer)], body)
            .await;
        (status, value)
    }

    fn path(&self) -> String {
        format!("/api/v1/records/{}", self.record)
    }
}

#[tokio::test]
async fn a_program_reads_what_its_person_may_with_numbers_masked() {
    let program = program(60, Role::GridHead).await;
    let (status, grids) = program.ask(Method::GET, "/api/v1/grids", None).await;
    assert_eq!((status, grids.as_array().unwrap().len()), (200, 1));
    let (status, page) = program
        .ask(Method::GET, "/api/v1/records?kind=household&q=501", None)
        .await;
    assert_eq!((status, &page["total"]), (200, &json!(1)));
    assert_eq!(page["records"][0]["id"], json!(program.record));
    assert_eq!(page["records"][0]["phone"], json!("138****8000"));
    let (status, record) = program.ask(Method::GET, &program.path(), None).await;
    assert_eq!(status, 200);
    assert_eq!(record["fields"]["contact.phone"], json!("138****8000"));
    assert_eq!(record["fields"]["members.a.name"], json!("王小明"));
    assert_eq!(record["masked"], json!(["contact.phone"]));
    let history = format!("{}/history", program.path());
    let (status, history) = program.ask(Method::GET, &history, None).await;
    assert_eq!((status, history.as_array().unwrap().len()), (200, 1));
    assert_eq!(history[0]["fields"]["contact.phone"], json!("138****8000"));
    assert!(!history.to_string().contains("13800138000"));
}

#[tokio::test]
async fn wrong_questions_get_a_problem_in_both_languages() {
    let program = program(61, Role::GridHead).await;
    for path in [
        "/api/v1/records?kind=person",
        "/api/v1/records?grid=1",
        "/api/v1/records?order=up",
    ] {
        let (status, problem) = program.ask(Method::GET, path, None).await;
        assert_eq!(status, 400, "{path}");
        assert_eq!(problem["code"], json!("bad_request"));
        assert!(problem["title"].is_string() && problem["title_zh"].is_string());
    }
    let (status, _) = program
        .ask(Method::GET, "/api/v1/records/nothing", None)
        .await;
    assert_eq!(status, 404);
    let (status, _) = program.ask(Method::PUT, &program.path(), None).await;
    assert!((400..500).contains(&status), "{status}");
}

#[tokio::test]
async fn a_token_opens_nothing_out_of_scope_after_its_end_or_for_a_person_who_left() {
    let mut program = program(62, Role::GridWorker).await;
    let elsewhere = program
        .server
        .add_worker("李雷", program.server.grids[1])
        .await;
    let own = std::mem::take(&mut program.token);
    program.token = token_of(&program.server, elsewhere, 1_000).await;
    assert_eq!(program.ask(Method::GET, &program.path(), None).await.0, 404);
    let edit = json!({"fields": {"address.room": "502室"}});
    let (status, _) = program
        .ask(Method::PATCH, &program.path(), Some(edit))
        .await;
    assert_eq!(status, 404);
    assert_eq!(program.ask(Method::GET, "/api/v1/grids", None).await.0, 200);
    program.server.clock.advance_millis(1_000);
    assert_eq!(program.ask(Method::GET, "/api/v1/grids", None).await.0, 401);

    program.token = own;
    assert_eq!(program.ask(Method::GET, &program.path(), None).await.0, 200);
    let storage = program.server.state.storage.as_ref();
    storage
        .set_person_active(&program.person, false)
        .await
        .unwrap();
    assert_eq!(program.ask(Method::GET, &program.path(), None).await.0, 403);
    program.token = "wangge_00".to_owned();
    assert_eq!(program.ask(Method::GET, &program.path(), None).await.0, 401);
}

#[tokio::test]
async fn an_edit_is_normalised_checked_and_seen_by_phones() {
    let program = program(63, Role::GridWorker).await;
    let bad = json!({"fields": {
        "contact.phone": "123", "case.number": "x", "ledger": "castle", "nothing": 1
    }});
    let (status, problem) = program.ask(Method::PATCH, &program.path(), Some(bad)).await;
    assert_eq!(status, 422);
    let codes: Vec<(&str, &str)> = problem["errors"]
        .as_array()
        .unwrap()
        .iter()
        .map(|error| {
            (
                error["field"].as_str().unwrap(),
                error["code"].as_str().unwrap(),
            )
        })
        .collect();
    assert_eq!(
        codes,
        [
            ("case.number", "unknown"),
            ("contact.phone", "not_a_phone_number"),
            ("ledger", "not_a_choice"),
            ("nothing", "unknown"),
        ]
    );
    let good = json!({"fields": {"contact.phone": "+86 138-0013-8001", "address.room": null}});
    let (status, record) = program
        .ask(Method::PATCH, &program.path(), Some(good))
        .await;
    assert_eq!(status, 200, "{record}");
    assert_eq!(record["fields"]["contact.phone"], json!("138****8001"));
    assert!(record["fields"].get("address.room").is_none());
    // A phone of the grid gets it with its next sync, by the program's person.
    let worker = program
        .server
        .add_worker("韩梅", program.server.grids[0])
        .await;
    let mut phone = SimDevice::enrol(&program.server, worker).await;
    phone.sync(&program.server).await;
    let authors = program
        .server
        .state
        .storage
        .list_authorship(&program.record.parse().unwrap())
        .await
        .unwrap();
    assert_eq!(authors.last().unwrap().person, Some(program.person));
    let grids = [program.server.grids[0]];
    let heads = program.server.state.storage.list_feed_heads(&grids).await;
    assert_eq!(heads.unwrap()[0].head_seq, 2);
}

#[tokio::test]
async fn an_edit_on_what_somebody_changed_meanwhile_can_be_refused() {
    let program = program(64, Role::GridWorker).await;
    let bearer = format!("Bearer {}", program.token);
    let (_, headers, _) = program
        .send(
            Method::GET,
            &program.path(),
            &[("authorization", &bearer)],
            None,
        )
        .await;
    let seen = headers["etag"].to_str().unwrap().to_owned();
    let edit = |room: &str| json!({"fields": {"address.room": room}});
    let careful = [
        ("authorization", bearer.as_str()),
        ("if-match", seen.as_str()),
    ];
    let path = program.path();
    let (status, ..) = program
        .send(Method::PATCH, &path, &careful, Some(edit("502室")))
        .await;
    assert_eq!(status, 200);
    for tag in [seen.as_str(), "\"other\""] {
        let headers = [("authorization", bearer.as_str()), ("if-match", tag)];
        let (status, _, problem) = program
            .send(Method::PATCH, &path, &headers, Some(edit("503室")))
            .await;
        assert_eq!((status, &problem["code"]), (412, &json!("record_changed")));
    }
    let (_, record) = program.ask(Method::GET, &path, None).await;
    assert_eq!(record["fields"]["address.room"], json!("502室"));
}

#[tokio::test]
async fn a_mask_is_lifted_with_a_reason_and_noted() {
    let program = program(65, Role::GridWorker).await;
    let path = format!("{}/unmask", program.path());
    for body in [
        json!({"field": "contact.phone", "reason": " "}),
        json!({"field": "address.room", "reason": "核对住址"}),
        json!({"field": "contact.phone"}),
    ] {
        assert_eq!(program.ask(Method::POST, &path, Some(body)).await.0, 400);
    }
    let body = json!({"field": "contact.phone", "reason": "回访"});
    let (status, shown) = program.ask(Method::POST, &path, Some(body)).await;
    assert_eq!((status, &shown["value"]), (200, &json!("13800138000")));
    let audit = program.server.state.storage.list_audit(1).await.unwrap();
    assert_eq!(audit[0].action, "field_shown");
    assert_eq!(audit[0].detail, "contact.phone: 回访");
}

#[tokio::test]
async fn the_description_names_every_path_and_is_openapi_3_1() {
    let program = program(66, Role::GridWorker).await;
    let (status, document) = program.ask(Method::GET, "/api/v1/openapi.json", None).await;
    assert_eq!(status, 200);
    assert!(document["openapi"].as_str().unwrap().starts_with("3.1"));
    let paths: Vec<&str> = document["paths"]
        .as_object()
        .unwrap()
        .keys()
        .map(String::as_str)
        .collect();
    assert_eq!(
        paths,
        [
            "/api/v1/assessment",
            "/api/v1/assignments",
            "/api/v1/assignments/{id}",
            "/api/v1/cases",
            "/api/v1/cases/{id}",
            "/api/v1/cases/{id}/actions",
            "/api/v1/duties",
            "/api/v1/first-asked",
            "/api/v1/grids",
            "/api/v1/grids/{id}",
            "/api/v1/orders",
            "/api/v1/orders/results",
            "/api/v1/orders/results/confirm",
            "/api/v1/people",
            "/api/v1/people/{id}",
            "/api/v1/places",
            "/api/v1/places/{id}/boundary",
            "/api/v1/records",
            "/api/v1/records/{id}",
            "/api/v1/records/{id}/history",
            "/api/v1/records/{id}/merge",
            "/api/v1/records/{id}/unmask",
            "/api/v1/redivisions",
        ]
    );
    // Every reference leads somewhere.
    let text = document.to_string();
    for part in text.split("#/components/schemas/").skip(1) {
        let name = part.split('"').next().unwrap();
        assert!(
            document["components"]["schemas"].get(name).is_some(),
            "{name}"
        );
    }
}

#[tokio::test]
async fn a_program_merges_two_records_and_takes_it_back() {
    let (server, mut phone) = one_phone(66).await;
    let [kept, alias] = ["王小明", "李雷"].map(|name| {
        let fields = [("contact.name", name)];
        let id = phone.create(&server, RecordKind::Household, server.grids[0], &fields);
        id.to_string()
    });
    phone.sync(&server).await;
    let person = server
        .add_person("平台", server.grids[0].into(), Role::GridHead)
        .await;
    let token = token_of(&server, person, 3_600_000).await;
    let program = Program {
        server,
        token,
        record: alias.clone(),
        person,
    };
    let merge = format!("{}/merge", program.path());
    let into = |id: &str| Some(json!({ "into": id }));
    let (status, refused) = program.ask(Method::POST, &merge, into(&alias)).await;
    assert_eq!((status, &refused["code"]), (422, &json!("merge_same")));
    let (status, merged) = program.ask(Method::POST, &merge, into(&kept)).await;
    assert_eq!((status, &merged["into"]), (200, &json!(kept)));
    let (_, list) = program.ask(Method::GET, "/api/v1/records", None).await;
    assert_eq!(list["total"], json!(1));
    let bearer = format!("Bearer {}", program.token);
    let (status, headers, _) = program
        .send(
            Method::GET,
            &program.path(),
            &[("authorization", &bearer)],
            None,
        )
        .await;
    assert_eq!(status, 307);
    assert_eq!(headers["location"], format!("/api/v1/records/{kept}"));
    let (status, _) = program.ask(Method::DELETE, &merge, None).await;
    assert_eq!(status, 200);
    let (status, refused) = program.ask(Method::DELETE, &merge, None).await;
    assert_eq!(
        (status, &refused["code"]),
        (422, &json!("merge_not_merged"))
    );
    let (_, list) = program.ask(Method::GET, "/api/v1/records", None).await;
    assert_eq!(list["total"], json!(2));
}
