//! Cases from the report on: requests of phones, decisions on the server, and
//! what becomes of them.

use wangge_model::{
    Clock as _, Entropy as _, FieldPath, OrgNodeId, PersonId, RecordId, RequestId,
    case::{CaseAction, CaseRefusal, CaseState, file_request},
    document::RecordDocument,
    incident::Incident,
    protocol::PushItem,
};

use super::*;
use crate::{
    auth::Scope,
    ingest::case_action::{self, CaseActionError},
    storage::{CaseFilter, CaseQueue, Role},
};

/// A server with a worker, a head and a community desk, and phones of the first
/// two.
struct Street {
    server: TestServer,
    worker: SimDevice,
    head: SimDevice,
    desk: PersonId,
    community: OrgNodeId,
}

async fn street(seed: u64) -> Street {
    let server = TestServer::start(seed).await;
    let grid = OrgNodeId::from(server.grids[0]);
    let nodes = server.state.storage.list_ancestors(&grid).await.unwrap();
    let community = nodes[nodes.len() - 2].id;
    let worker = server.add_worker("网格员甲", server.grids[0]).await;
    let head = server.add_person("网格长乙", grid, Role::GridHead).await;
    let desk = server
        .add_person("受理员丙", community, Role::ServiceDesk)
        .await;
    let worker = SimDevice::enrol(&server, worker).await;
    let head = SimDevice::enrol(&server, head).await;
    Street {
        server,
        worker,
        head,
        desk,
        community,
    }
}

impl Street {
    async fn act(&self, person: PersonId, id: RecordId, action: CaseAction) -> Result<(), String> {
        let storage = self.server.state.storage.as_ref();
        let found = storage.find_person(&person).await.unwrap().unwrap();
        let scope = Scope::find(storage, &found, self.server.clock.now())
            .await
            .unwrap();
        match case_action::decide(&self.server.state, &scope, id, action, None).await {
            Ok(()) => Ok(()),
            Err(CaseActionError::Refused(refusal)) => Err(refusal.code().to_owned()),
            Err(CaseActionError::NotFound) => Err("not_found".to_owned()),
            Err(error) => panic!("{error}"),
        }
    }

    async fn incident(&self, id: RecordId) -> Incident {
        let stored = self
            .server
            .state
            .storage
            .find_record(&id)
            .await
            .unwrap()
            .unwrap();
        Incident::read(&RecordDocument::load(stored.kind, Some(&stored.document), []).unwrap())
    }

    async fn audit(&self) -> Vec<String> {
        let entries = self.server.state.storage.list_audit(50).await.unwrap();
        entries
            .into_iter()
            .filter(|entry| entry.action == "case_request_refused")
            .map(|entry| entry.detail)
            .collect()
    }
}

fn report(server: &TestServer, phone: &mut SimDevice) -> RecordId {
    let fields = [("title", "路灯不亮"), ("category", "4006")];
    phone.create(server, RecordKind::Incident, server.grids[0], &fields)
}

/// Files a request as the phone's core does.
fn request(
    server: &TestServer,
    phone: &mut SimDevice,
    id: RecordId,
    action: &CaseAction,
    seen: Option<u64>,
) -> RequestId {
    let request = RequestId::make(server.clock.as_ref(), server.entropy.as_ref());
    let edits = file_request(request, action, seen, server.clock.now());
    let held = phone.records.get_mut(&id).unwrap();
    let change = held
        .document
        .edit(&edits, phone.actor, server.clock.now())
        .unwrap()
        .unwrap();
    phone.outbox.push(PushItem {
        record: id,
        record_epoch: 0,
        kind: RecordKind::Incident,
        grid: held.grid,
        hash: change.hash,
        change: change.bytes,
    });
    request
}

fn outcome(phone: &SimDevice, id: RecordId, request: RequestId) -> Option<(bool, String)> {
    let incident = Incident::read(&phone.records[&id].document);
    let filed = incident
        .case
        .requests
        .iter()
        .find(|filed| filed.id == request.to_string())?;
    let outcome = filed.outcome.as_ref()?;
    Some((outcome.is_accepted, outcome.code.clone()))
}

fn text(words: &str) -> String {
    words.to_owned()
}

#[tokio::test]
async fn an_incident_goes_through_the_six_steps_on_two_phones_and_a_desk() {
    let mut street = street(41).await;
    let id = report(&street.server, &mut street.worker);
    street.worker.sync(&street.server).await;
    assert_eq!(street.incident(id).await.case.state, "reported");
    // The head files it offline; nobody else knows until the sync.
    street.head.sync(&street.server).await;
    let filed = request(
        &street.server,
        &mut street.head,
        id,
        &CaseAction::File,
        Some(0),
    );
    assert_eq!(outcome(&street.head, id, filed), None, "pending");
    street.head.sync(&street.server).await;
    assert_eq!(
        outcome(&street.head, id, filed),
        Some((true, String::new()))
    );
    // The desk gives it to the grid, whose worker is offline at the moment.
    let grid = OrgNodeId::from(street.server.grids[0]);
    street
        .act(street.desk, id, CaseAction::Assign { unit: grid })
        .await
        .unwrap();
    let due = street.incident(id).await.case.due_at;
    assert!(due.is_some(), "a limit of one working day");
    street.worker.sync(&street.server).await;
    // The worker signs and hands in, both before the next sync.
    let signed = request(
        &street.server,
        &mut street.worker,
        id,
        &CaseAction::Sign,
        None,
    );
    let result = CaseAction::HandIn {
        result: text("已更换灯泡"),
    };
    let handed = request(&street.server, &mut street.worker, id, &result, None);
    street.worker.sync(&street.server).await;
    for one in [signed, handed] {
        assert_eq!(
            outcome(&street.worker, id, one),
            Some((true, String::new()))
        );
    }
    // Nobody finds their own work done, nor that of their unit.
    let own = request(
        &street.server,
        &mut street.worker,
        id,
        &CaseAction::VerifyPass,
        None,
    );
    street.worker.sync(&street.server).await;
    assert_eq!(
        outcome(&street.worker, id, own),
        Some((false, "own_work".to_owned()))
    );
    for action in [
        CaseAction::VerifyPass,
        CaseAction::Feedback {
            text: text("已告知住户"),
        },
    ] {
        street.act(street.desk, id, action).await.unwrap();
    }
    let rated = request(
        &street.server,
        &mut street.worker,
        id,
        &CaseAction::Rate { stars: 5 },
        None,
    );
    street.worker.sync(&street.server).await;
    assert_eq!(
        outcome(&street.worker, id, rated),
        Some((true, String::new()))
    );
    street
        .act(street.desk, id, CaseAction::Archive)
        .await
        .unwrap();
    for phone in [&mut street.worker, &mut street.head] {
        phone.sync(&street.server).await;
        let incident = Incident::read(&phone.records[&id].document);
        assert_eq!(incident.case.state, "archived");
        let verbs: Vec<&str> = incident
            .case
            .timeline
            .iter()
            .map(|entry| entry.verb.as_str())
            .collect();
        assert_eq!(
            verbs,
            [
                "file",
                "assign",
                "sign",
                "hand_in",
                "verify_pass",
                "feedback",
                "rate",
                "archive"
            ]
        );
        assert_eq!(incident.case.timeline[0].name, "网格长乙");
        assert_eq!(incident.case.decided.unwrap().rating, Some(5));
    }
    assert_eq!(street.audit().await, ["verify_pass own_work"]);
}

#[tokio::test]
async fn a_report_with_its_result_is_one_form_and_answered_at_once() {
    let mut street = street(42).await;
    let id = report(&street.server, &mut street.worker);
    let done = CaseAction::HandleOnSpot {
        result: text("当场清理"),
    };
    let asked = request(&street.server, &mut street.worker, id, &done, None);
    street.worker.sync(&street.server).await;
    assert_eq!(
        outcome(&street.worker, id, asked),
        Some((true, String::new()))
    );
    let case = street.incident(id).await.case;
    assert_eq!(
        (case.state.as_str(), case.number.is_empty()),
        ("handled", false)
    );
}

#[tokio::test]
async fn of_two_who_decide_otherwise_offline_one_wins_and_the_other_is_told() {
    let mut street = street(43).await;
    let desk = SimDevice::enrol(&street.server, street.desk).await;
    let mut desks = [desk, SimDevice::enrol(&street.server, street.desk).await];
    let id = report(&street.server, &mut street.worker);
    street.worker.sync(&street.server).await;
    street.act(street.desk, id, CaseAction::File).await.unwrap();
    let units = [street.community, OrgNodeId::from(street.server.grids[1])];
    let mut asked = Vec::new();
    for (phone, unit) in desks.iter_mut().zip(units) {
        phone.sync(&street.server).await;
        let action = CaseAction::Assign { unit };
        asked.push(request(&street.server, phone, id, &action, None));
    }
    for phone in &mut desks {
        phone.sync(&street.server).await;
    }
    desks[0].sync(&street.server).await;
    assert_eq!(
        outcome(&desks[0], id, asked[0]),
        Some((true, String::new()))
    );
    for phone in &desks {
        let told = outcome(phone, id, asked[1]);
        assert_eq!(told, Some((false, "already_assigned".to_owned())));
        let incident = Incident::read(&phone.records[&id].document);
        // What happened instead.
        assert_eq!(incident.case.timeline.last().unwrap().unit, Some(units[0]));
        assert_eq!(incident.case.decided.unwrap().unit, Some(units[0]));
    }
}

#[tokio::test]
async fn hostile_requests_get_a_typed_reason_and_are_written_down() {
    let mut street = street(44).await;
    let id = report(&street.server, &mut street.worker);
    street.worker.sync(&street.server).await;
    let nowhere = OrgNodeId::from_bytes([9; 16]);
    street.act(street.desk, id, CaseAction::File).await.unwrap();
    for (action, seen, code) in [
        // A worker is no desk, whatever the app says.
        (
            CaseAction::Assign {
                unit: street.community,
            },
            None,
            "not_yours",
        ),
        (
            CaseAction::Note {
                text: text("看过")
            },
            Some(0),
            "stale",
        ),
        (CaseAction::Note { text: text(" ") }, None, "text_missing"),
        (CaseAction::Archive, None, "wrong_state"),
    ] {
        let asked = request(&street.server, &mut street.worker, id, &action, seen);
        street.worker.sync(&street.server).await;
        assert_eq!(
            outcome(&street.worker, id, asked),
            Some((false, code.to_owned())),
            "{action:?}"
        );
    }
    // Negative limits, a verb nobody knows, a unit that does not exist.
    let raw = |phone: &mut SimDevice, fields: &[(&str, wangge_model::FieldValue)]| {
        let entry = RequestId::make(street.server.clock.as_ref(), street.server.entropy.as_ref());
        let edits: Vec<_> = fields
            .iter()
            .map(|(field, value)| {
                let path = FieldPath::entry("requests", &entry, field);
                wangge_model::document::FieldEdit::set(path, value.clone())
            })
            .collect();
        let now = street.server.clock.now();
        let held = phone.records.get_mut(&id).unwrap();
        let change = held
            .document
            .edit(&edits, phone.actor, now)
            .unwrap()
            .unwrap();
        phone.outbox.push(PushItem {
            record: id,
            record_epoch: 0,
            kind: RecordKind::Incident,
            grid: held.grid,
            hash: change.hash,
            change: change.bytes,
        });
        entry
    };
    let word = wangge_model::FieldValue::text;
    let unknown = raw(&mut street.worker, &[("verb", word("close_at_once"))]);
    street.worker.sync(&street.server).await;
    assert_eq!(
        outcome(&street.worker, id, unknown),
        Some((false, "unknown_verb".to_owned()))
    );
    assert_eq!(
        street
            .act(street.desk, id, CaseAction::Assign { unit: nowhere })
            .await,
        Err("no_unit".to_owned())
    );
    let grid = OrgNodeId::from(street.server.grids[0]);
    street
        .act(street.desk, id, CaseAction::Assign { unit: grid })
        .await
        .unwrap();
    street.worker.sync(&street.server).await;
    let signed = request(
        &street.server,
        &mut street.worker,
        id,
        &CaseAction::Sign,
        None,
    );
    street.worker.sync(&street.server).await;
    assert_eq!(
        outcome(&street.worker, id, signed),
        Some((true, String::new()))
    );
    let negative = raw(
        &mut street.worker,
        &[
            ("verb", word("request_delay")),
            ("days", wangge_model::FieldValue::Integer(-3)),
            ("text", word("等配件")),
        ],
    );
    street.worker.sync(&street.server).await;
    assert_eq!(
        outcome(&street.worker, id, negative),
        Some((false, "delay_too_long".to_owned()))
    );
    let mut noted = street.audit().await;
    noted.sort();
    assert_eq!(
        noted,
        [
            "archive wrong_state",
            "assign no_unit",
            "assign not_yours",
            "close_at_once unknown_verb",
            "note stale",
            "note text_missing",
            "request_delay delay_too_long",
        ]
    );
}

#[tokio::test]
async fn a_request_of_another_area_or_too_large_is_kept_apart_and_written_down() {
    let mut street = street(45).await;
    let id = report(&street.server, &mut street.worker);
    street.worker.sync(&street.server).await;
    let stranger = street
        .server
        .add_worker("别处的网格员", street.server.grids[1])
        .await;
    let mut stranger = SimDevice::enrol(&street.server, stranger).await;
    stranger
        .records
        .insert(id, street.worker.records[&id].clone());
    request(&street.server, &mut stranger, id, &CaseAction::File, None);
    let items = std::mem::take(&mut stranger.outbox);
    let asked = stranger.request(items);
    let reply = stranger.send(&street.server, &asked).await;
    assert!(matches!(
        verdicts(&reply).as_slice(),
        [Verdict::Quarantined { code, .. }] if code == "out_of_scope"
    ));
    // A reason of a megabyte never gets as far as the machine.
    let huge = CaseAction::Note {
        text: "长".repeat(350_000),
    };
    let held = street.worker.records.get_mut(&id).unwrap();
    let mut forged = held.document.clone();
    let entry = RequestId::make(street.server.clock.as_ref(), street.server.entropy.as_ref());
    let edits = file_request(entry, &huge, None, street.server.clock.now());
    assert!(
        forged
            .edit(&edits, street.worker.actor, street.server.clock.now())
            .is_err()
    );
    // The guard of the phone refuses it; forged bytes do not pass the server's.
    let mut bytes = vec![0_u8; 1 << 20];
    street.server.entropy.fill(&mut bytes);
    bytes[..10].copy_from_slice(b"requests--");
    let item = PushItem {
        record: id,
        record_epoch: 0,
        kind: RecordKind::Incident,
        grid: street.server.grids[0],
        hash: wangge_model::ChangeHash::from_bytes([1; 32]),
        change: bytes,
    };
    let asked = street.worker.request(vec![item]);
    let reply = street.worker.send(&street.server, &asked).await;
    assert!(matches!(
        verdicts(&reply).as_slice(),
        [Verdict::Quarantined { code, .. }] if code == "too_large"
    ));
    let mut noted = street.audit().await;
    noted.sort();
    assert_eq!(noted, ["- out_of_scope", "- too_large"]);
    assert_eq!(street.incident(id).await.case.state, "reported");
}

#[tokio::test]
async fn a_filed_request_is_never_edited() {
    let mut street = street(46).await;
    let id = report(&street.server, &mut street.worker);
    street.worker.sync(&street.server).await;
    let note = CaseAction::Note {
        text: text("看过")
    };
    let asked = request(&street.server, &mut street.worker, id, &note, None);
    street.worker.sync(&street.server).await;
    let path = format!("requests.{asked}.text");
    street
        .worker
        .edit(&street.server, id, &[(path.as_str(), "改过")]);
    let items = std::mem::take(&mut street.worker.outbox);
    let sent = street.worker.request(items);
    let reply = street.worker.send(&street.server, &sent).await;
    assert_eq!(
        verdicts(&reply),
        [Verdict::Quarantined {
            code: "request".to_owned(),
            detail: "requests.*.text".to_owned()
        }]
    );
}

#[tokio::test]
async fn times_that_run_out_remind_show_a_card_and_pass_up() {
    let mut street = street(47).await;
    let id = report(&street.server, &mut street.worker);
    street.worker.sync(&street.server).await;
    street.act(street.desk, id, CaseAction::File).await.unwrap();
    let state = &street.server.state;
    assert_eq!(crate::clockwork::look(state).await.unwrap(), 0);
    let due = street.incident(id).await.case.due_at.unwrap();
    let now = street.server.clock.now();
    let to = |millis: i64| street.server.clock.advance_millis(millis);
    to(due.as_millis() - now.as_millis() - 60_000);
    assert_eq!(crate::clockwork::look(state).await.unwrap(), 1);
    assert_eq!(crate::clockwork::look(state).await.unwrap(), 0, "once");
    to(120_000);
    crate::clockwork::look(state).await.unwrap();
    let case = street.incident(id).await.case;
    assert!(case.decided.as_ref().unwrap().supervision.is_some());
    to(24 * 3_600_000);
    crate::clockwork::look(state).await.unwrap();
    let case = street.incident(id).await.case;
    let verbs: Vec<&str> = case
        .timeline
        .iter()
        .map(|entry| entry.verb.as_str())
        .collect();
    assert_eq!(verbs, ["file", "note", "supervise", "escalate"]);
    assert!(
        case.timeline[1..]
            .iter()
            .all(|entry| entry.person.is_none())
    );
    assert_eq!(case.decided.unwrap().level.as_str(), "street");
    // Three days on, the phone's session is over.
    let opened = street.worker.open_session(&street.server).await;
    assert_eq!(opened.status, 200);
    street.worker.sync(&street.server).await;
    let told = Incident::read(&street.worker.records[&id].document);
    assert_eq!(told.case.timeline.len(), 4);
}

#[tokio::test]
async fn a_class_goes_to_the_unit_of_the_responsibility_list() {
    let mut street = street(48).await;
    let list = format!(
        r#"{{"rows": [{{"class": "40", "unit": "{}", "limit": {{"working_days": 3}}}}]}}"#,
        street.community
    );
    let new = crate::storage::NewReference {
        name: wangge_model::case::rules::RESPONSIBILITY_LIST.to_owned(),
        node: street.server.street,
        body: Some(list.into_bytes()),
        person: None,
        at: street.server.clock.now(),
    };
    street
        .server
        .state
        .storage
        .publish_references(&[new])
        .await
        .unwrap();
    let id = report(&street.server, &mut street.worker);
    street.worker.sync(&street.server).await;
    street.act(street.desk, id, CaseAction::File).await.unwrap();
    let case = street.incident(id).await.case;
    assert_eq!(case.state, "assigned");
    let decided = case.decided.unwrap();
    assert_eq!(decided.unit, Some(street.community));
    assert_eq!(
        decided.clock.unwrap().limit,
        wangge_model::deadline::Limit::WorkingDays(3)
    );
    assert_eq!(case.timeline.len(), 2);
    assert_eq!(case.timeline[1].person, None);
}

#[tokio::test]
async fn inboxes_show_what_is_in_scope_and_the_cases_of_ones_units() {
    let mut street = street(49).await;
    let handler = street
        .server
        .add_person("处置员丁", street.server.street, Role::Handler)
        .await;
    let mut ids = Vec::new();
    for _ in 0..3 {
        ids.push(report(&street.server, &mut street.worker));
    }
    street.worker.sync(&street.server).await;
    street
        .act(street.desk, ids[0], CaseAction::File)
        .await
        .unwrap();
    let unit = street.server.street;
    street
        .act(street.desk, ids[0], CaseAction::Assign { unit })
        .await
        .unwrap();
    let storage = street.server.state.storage.as_ref();
    let now = street.server.clock.now();
    let list = async |person: PersonId, queue: CaseQueue, state: Option<CaseState>| {
        let filter = CaseFilter {
            queue,
            state,
            limit: 10,
            ..CaseFilter::default()
        };
        let page = storage.list_cases(&filter, &person, now).await.unwrap();
        let found: Vec<RecordId> = page.cases.iter().map(|case| case.record.id).collect();
        assert_eq!(page.total, found.len() as u64);
        found
    };
    let desk = CaseQueue::Desk(wangge_model::case::CaseLevel::Community);
    assert_eq!(list(street.desk, desk, None).await.len(), 3);
    let filed = list(street.desk, desk, Some(CaseState::Assigned)).await;
    assert_eq!(filed, [ids[0]]);
    assert_eq!(list(handler, CaseQueue::Units, None).await, [ids[0]]);
    assert_eq!(
        list(handler, CaseQueue::All, None).await,
        [] as [RecordId; 0]
    );
    assert_eq!(
        street.act(handler, ids[1], CaseAction::Sign).await,
        Err("not_found".to_owned()),
        "a department sees its own cases only"
    );
    street.act(handler, ids[0], CaseAction::Sign).await.unwrap();
    let refusal = CaseRefusal::text_of(wangge_model::message::Language::Chinese, "not_yours", None);
    assert!(refusal.contains("权限"));
}
