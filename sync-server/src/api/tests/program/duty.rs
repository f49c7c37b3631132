//! Duties and what somebody was asked first, through the JSON API.

use wangge_model::{DutyId, OrgNodeId, duty::Shift};

use super::*;
use crate::storage::NewDuty;

/// A program of the worker who reported an incident, and a desk of the street.
async fn reported(seed: u64) -> (Program, PersonId) {
    let (server, mut phone) = one_phone(seed).await;
    let fields = [("title", "路灯不亮"), ("category", "4006")];
    let record = phone.create(&server, RecordKind::Incident, server.grids[0], &fields);
    phone.sync(&server).await;
    let desk = server
        .add_person("受理员", server.street, Role::Supervisor)
        .await;
    let person = phone.person;
    let token = token_of(&server, person, 3_600_000).await;
    let program = Program {
        server,
        token,
        record: record.to_string(),
        person,
    };
    (program, desk)
}

#[tokio::test]
async fn a_program_reads_the_roster_of_its_person() {
    let (mut program, desk) = reported(93).await;
    let now = program.server.clock.now();
    let duty = |id: u8, person| NewDuty {
        id: DutyId::from_bytes([id; 16]),
        node: program.server.street,
        person,
        shift: Shift {
            starts_at: now,
            ends_at: now.plus_millis(3_600_000),
        },
        note: "一楼大厅".to_owned(),
        planned_by: desk,
        at: now,
    };
    let storage = &program.server.state.storage;
    storage.plan_duty(&duty(1, program.person)).await.unwrap();
    storage.plan_duty(&duty(2, desk)).await.unwrap();
    let path = "/api/v1/duties";
    let (status, own) = program.ask(Method::GET, path, None).await;
    // The worker sees the own one: the street's staff is not theirs to see.
    assert_eq!((status, own.as_array().unwrap().len()), (200, 1), "{own}");
    assert_eq!(
        (&own[0]["is_now"], &own[0]["is_own"]),
        (&json!(true), &json!(true))
    );
    assert_eq!(own[0]["note"], "一楼大厅");
    for wrong in [
        "?first=never",
        "?first=2026-01-01&last=2027-01-01",
        "?last=2020-01-01",
    ] {
        let (status, problem) = program
            .ask(Method::GET, &format!("{path}{wrong}"), None)
            .await;
        assert_eq!(
            (status, &problem["code"]),
            (400, &json!("bad_request")),
            "{wrong}"
        );
    }
    program.token = token_of(&program.server, desk, 3_600_000).await;
    let (_, all) = program.ask(Method::GET, path, None).await;
    assert_eq!(all.as_array().unwrap().len(), 2);
    let (_, later) = program
        .ask(Method::GET, "/api/v1/duties?first=2026-06-01", None)
        .await;
    assert_eq!(later, json!([]));
}

#[tokio::test]
async fn a_program_follows_what_its_person_was_asked_first() {
    let (mut program, desk) = reported(94).await;
    let me = program.person.to_string();
    let list = "/api/v1/cases?first_asked=me";
    let (status, page) = program.ask(Method::GET, list, None).await;
    assert_eq!((status, &page["total"]), (200, &json!(1)), "{page}");
    assert_eq!(page["cases"][0]["first_asked"], json!(me));
    assert_eq!(page["cases"][0]["closed_at"], Value::Null);
    let (_, sums) = program.ask(Method::GET, "/api/v1/first-asked", None).await;
    assert_eq!(sums[0]["person"], json!(me));
    assert_eq!((&sums[0]["open"], &sums[0]["told"]), (&json!(1), &json!(0)));
    let (status, _) = program
        .ask(Method::GET, "/api/v1/cases?first_asked=x", None)
        .await;
    assert_eq!(status, 400);
    // A desk says that it was somebody else; the worker may not.
    let path = format!("/api/v1/cases/{}/actions", program.record);
    let name = |person: &str| json!({"verb": "name_first_asked", "person": person, "text": "来电由受理台接听"});
    let named = name(&desk.to_string());
    let (status, refused) = program.ask(Method::POST, &path, Some(named.clone())).await;
    assert_eq!((status, &refused["code"]), (422, &json!("not_yours")));
    program.token = token_of(&program.server, desk, 3_600_000).await;
    let nobody = OrgNodeId::from_bytes([7; 16]).to_string();
    for (person, code) in [
        (nobody.as_str(), "no_person"),
        ("x", "incomplete"),
        (&me, "same_person"),
    ] {
        let (status, refused) = program.ask(Method::POST, &path, Some(name(person))).await;
        assert_eq!((status, &refused["code"]), (422, &json!(code)));
    }
    let (status, case) = program.ask(Method::POST, &path, Some(named.clone())).await;
    assert_eq!(
        (status, &case["first_asked"]),
        (200, &json!(desk.to_string())),
        "{case}"
    );
    let last = case["timeline"].as_array().unwrap().last().unwrap();
    assert_eq!(last["named_name"], "受理员");
    let (_, page) = program.ask(Method::GET, list, None).await;
    assert_eq!(page["total"], json!(1));
    // What was refused is in the audit list with who asked.
    let audit = program.server.state.storage.list_audit(50).await.unwrap();
    let noted = |action: &str, detail: &str| {
        audit
            .iter()
            .any(|one| one.action == action && one.detail == detail && one.person == Some(desk))
    };
    assert!(noted("case_request_refused", "name_first_asked no_person"));
    assert!(noted("request_refused", "POST incomplete"));
}
