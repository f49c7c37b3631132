//! Phones in an emergency: reserves get their grid and lose it, limits are
//! shorter, everybody holds the notice.

use wangge_model::{
    AssignmentId, CallOutId, Clock as _, EmergencyId, PersonId, RecordKind, RequestId,
    emergency::{EMERGENCY, Emergency, EmergencyLevel},
    incident::Incident,
    protocol::{RollAnswer, Verdict},
    roll_call::RollState,
};

use super::answer;
use crate::{
    storage::{NewAssignment, NewEmergency, NewPerson, Role},
    testing::{SimDevice, TestServer},
};

const HOUR: i64 = 3_600_000;

async fn declare(server: &TestServer, by: PersonId) -> EmergencyId {
    let now = server.clock.now();
    let (clock, entropy) = (server.clock.as_ref(), server.entropy.as_ref());
    let new = NewEmergency {
        id: EmergencyId::make(clock, entropy),
        call_out: CallOutId::make(clock, entropy),
        node: server.street,
        level: EmergencyLevel::Reinforced,
        reason: "防汛".to_owned(),
        ordered_by: "街道办事处".to_owned(),
        starts_at: now,
        ends_at: now.plus_millis(10 * HOUR),
        person: by,
        at: now,
    };
    let storage = &server.state.storage;
    storage.declare_emergency(&new).await.unwrap();
    new.id
}

/// A reserve of the first grid.
async fn add_reserve(server: &TestServer) -> PersonId {
    let now = server.clock.now();
    let (clock, entropy) = (server.clock.as_ref(), server.entropy.as_ref());
    let id = PersonId::make(clock, entropy);
    let person = NewPerson {
        id,
        name: "孙干部".to_owned(),
        username: None,
        phone: String::new(),
        trained_on: now.to_china_date(),
        created_at: now,
    };
    let assignment = NewAssignment {
        id: AssignmentId::make(clock, entropy),
        person: id,
        node: server.grids[0].into(),
        role: Role::GridWorker,
        full_time: false,
        reserve: true,
        duties: Vec::new(),
        valid_from: now,
    };
    let storage = &server.state.storage;
    storage
        .create_people(&[person], &[assignment])
        .await
        .unwrap();
    id
}

#[tokio::test]
async fn a_reserve_works_while_the_emergency_lasts_and_loses_nothing_unsent() {
    let server = TestServer::start(90).await;
    let desk = server
        .add_person("王街道", server.street, Role::Supervisor)
        .await;
    let reserve = add_reserve(&server).await;
    let id = declare(&server, desk).await;
    let mut phone = SimDevice::enrol(&server, reserve).await;
    phone.knows_reference = true;
    phone.sync(&server).await;
    let grids: Vec<_> = phone.grants.grids.iter().map(|grant| grant.grid).collect();
    assert_eq!(grids, [server.grids[0]]);
    // It holds the notice.
    let name = format!("{EMERGENCY}{id}");
    let held = phone
        .reference
        .iter()
        .find(|(stamp, _)| stamp.name == name)
        .map(|(_, body)| serde_json::from_slice::<Emergency>(body).unwrap());
    assert!(held.unwrap().holds(server.clock.now()));
    let sent = phone.create(
        &server,
        RecordKind::Incident,
        server.grids[0],
        &[("title", "河水漫堤"), ("category", "8001")],
    );
    phone.sync(&server).await;
    assert!(matches!(phone.verdicts[0], Verdict::Accepted { .. }));
    // Written offline, sent after the end.
    let late = phone.create(
        &server,
        RecordKind::Incident,
        server.grids[0],
        &[("title", "桥面积水"), ("category", "8001")],
    );
    server.clock.advance_millis(10 * HOUR);
    let items = std::mem::take(&mut phone.outbox);
    let request = phone.request(items);
    let said = answer(&phone.send(&server, &request).await);
    let verdicts: Vec<_> = said.receipt.as_ref().unwrap().each().collect();
    assert!(
        matches!(&verdicts[0], Verdict::Quarantined { code, .. } if code == "under_review"),
        "{verdicts:?}"
    );
    let storage = &server.state.storage;
    let waiting = storage.count_reviews(&desk, server.clock.now()).await;
    assert_eq!(waiting.unwrap(), 1, "nothing unsent is lost");
    assert!(storage.find_record(&sent).await.unwrap().is_some());
    assert!(storage.find_record(&late).await.unwrap().is_none());
    let granted = storage
        .list_granted_grids(&reserve, server.clock.now())
        .await
        .unwrap();
    assert!(granted.is_empty());
}

#[tokio::test]
async fn limits_are_shorter_while_it_lasts_and_a_disaster_is_urgent() {
    use wangge_model::{
        case::{CaseAction, Urgency},
        deadline::Limit,
    };

    use crate::{auth::Scope, ingest::case_action};

    let server = TestServer::start(91).await;
    let desk = server
        .add_person("王街道", server.street, Role::Supervisor)
        .await;
    let worker = server.add_worker("李网格", server.grids[0]).await;
    let mut phone = SimDevice::enrol(&server, worker).await;
    let mut report = async |category: &str| {
        let id = phone.create(
            &server,
            RecordKind::Incident,
            server.grids[0],
            &[("title", "井盖丢失"), ("category", category)],
        );
        phone.sync(&server).await;
        id
    };
    let ids = [
        report("4006").await,
        report("4006").await,
        report("8001").await,
    ];
    let storage = &server.state.storage;
    let case = async |id| {
        let stored = storage.find_record(&id).await.unwrap().unwrap();
        let document =
            wangge_model::document::RecordDocument::load(stored.kind, Some(&stored.document), []);
        Incident::read(&document.unwrap()).case.decided.unwrap()
    };
    let file = async |id| {
        let person = storage.find_person(&desk).await.unwrap().unwrap();
        let scope = Scope::find(storage.as_ref(), &person, server.clock.now())
            .await
            .unwrap();
        case_action::decide(&server.state, &scope, id, CaseAction::File, None)
            .await
            .unwrap();
        case(id).await.clock.unwrap().limit
    };
    // Everybody's at once, whatever the reporter ticked.
    let disaster = case(ids[2]).await;
    assert_eq!(disaster.urgency, Urgency::Emergency);
    assert_eq!(disaster.alarm_levels().len(), 3);
    let alarms = storage.count_alarms(&desk, server.clock.now()).await;
    assert_eq!(alarms.unwrap(), 1);
    assert_eq!(file(ids[0]).await, Limit::WorkingDays(1));
    declare(&server, desk).await;
    assert_eq!(file(ids[1]).await, Limit::Hours(12));
    assert_eq!(file(ids[2]).await, Limit::Hours(1));
    let alarms = storage.count_alarms(&desk, server.clock.now()).await;
    assert_eq!(alarms.unwrap(), 0, "taken in");
    assert_eq!(
        case(ids[0]).await.clock.unwrap().limit,
        Limit::WorkingDays(1),
        "what runs goes on as promised"
    );
}

#[tokio::test]
async fn a_roll_call_is_answered_from_the_phone_and_decided_once() {
    let server = TestServer::start(92).await;
    let desk = server
        .add_person("王街道", server.street, Role::Supervisor)
        .await;
    let worker = server.add_worker("李网格", server.grids[0]).await;
    let mut phone = SimDevice::enrol(&server, worker).await;
    let id = declare(&server, desk).await;
    let say = |state: &str, reason: &str, ahead_ms: i64| RollAnswer {
        id: RequestId::make(server.clock.as_ref(), server.entropy.as_ref()),
        emergency: id,
        state: state.to_owned(),
        reason: reason.to_owned(),
        given_at: server.clock.now().plus_millis(ahead_ms),
    };
    // A clock that runs an hour ahead, a missing reason, a word from the future.
    phone.roll_answers = vec![
        say("on_the_way", "", HOUR),
        say("cannot_come", "", 0),
        say("teleported", "", 0),
    ];
    let first = phone.roll_answers[0].clone();
    assert_eq!(phone.sync(&server).await, 1);
    let codes = |phone: &SimDevice| -> Vec<String> {
        let outcomes = phone.roll_outcomes.iter();
        outcomes.map(|outcome| outcome.code.clone()).collect()
    };
    assert_eq!(codes(&phone), ["", "reason", "state"]);
    assert!(phone.roll_outcomes[0].is_accepted && phone.roll_answers.is_empty());
    // The answer was lost, the phone asks again.
    server.clock.advance_millis(HOUR / 2);
    phone.roll_answers = vec![first, say("cannot_come", "家中老人住院", 0)];
    phone.sync(&server).await;
    assert_eq!(
        phone.roll_outcomes[3], phone.roll_outcomes[0],
        "decided once"
    );
    assert_eq!(codes(&phone)[4], "");
    let storage = &server.state.storage;
    let roll = storage.list_roll(&id, &desk, server.clock.now()).await;
    let said = roll.unwrap()[0].said.clone().unwrap();
    assert_eq!(said.state, RollState::CannotCome);
    assert_eq!(said.reason, "家中老人住院");
    // Nothing asked, nothing said; too much is refused.
    let quiet = phone.request(Vec::new());
    assert!(quiet.roll_answers.is_none());
    let said = answer(&phone.send(&server, &quiet).await);
    assert!(said.roll_outcomes.is_none());
    phone.roll_answers = (0..101).map(|_| say("in_place", "", 0)).collect();
    let flood = phone.request(Vec::new());
    let refused = phone.send(&server, &flood).await;
    assert_eq!(super::refused(&refused), "too_many_items");
    // Over.
    server.clock.advance_millis(10 * HOUR);
    phone.roll_answers = vec![say("in_place", "", 0)];
    phone.sync(&server).await;
    assert_eq!(codes(&phone)[5], "over");
}
