//! Five people who ask offline, in any order.

use wangge_model::{
    Clock as _, Entropy as _, OrgNodeId, RecordId, RequestId,
    case::{CaseArguments, CaseState, CaseVerb, Supervision, file_request, moves::find_move},
    document::RecordDocument,
    incident::Incident,
    protocol::PushItem,
    testing::SeededEntropy,
};

use super::*;
use crate::storage::Role;

/// Runs with these seeds; `WANGGE_CASE_SEED` runs one of them again.
const SEEDS: std::ops::Range<u64> = 1..9;
const STEPS: usize = 60;

fn pick(entropy: &SeededEntropy, below: usize) -> usize {
    let mut bytes = [0; 2];
    entropy.fill(&mut bytes);
    usize::from(u16::from_le_bytes(bytes)) % below
}

/// The phone asks for something, sensible or not.
fn ask(
    server: &TestServer,
    phone: &mut SimDevice,
    id: RecordId,
    entropy: &SeededEntropy,
    units: &[OrgNodeId],
) -> Option<RequestId> {
    let held = phone.records.get_mut(&id)?;
    let verb = CaseVerb::ALL[pick(entropy, CaseVerb::ALL.len())];
    let arguments = CaseArguments {
        unit: Some(units[pick(entropy, units.len())]),
        units: vec![units[pick(entropy, units.len())]],
        into: Some(RecordId::from_bytes([3; 16])),
        person: Some(phone.person),
        text: ["原因", "", "已办结"][pick(entropy, 3)].to_owned(),
        days: Some(i64::try_from(pick(entropy, 20)).unwrap() - 2),
        stars: Some(i64::try_from(pick(entropy, 7)).unwrap()),
        card: Some(Supervision::Yellow),
        is_agreed: Some(pick(entropy, 2) == 0),
    };
    let action = arguments.action(verb).unwrap();
    let request = RequestId::make(server.clock.as_ref(), server.entropy.as_ref());
    // Some insist on what they saw, most do not.
    let seen = Incident::read(&held.document)
        .case
        .decided
        .map(|case| case.version);
    let seen = seen.filter(|_| pick(entropy, 4) == 0);
    let edits = file_request(request, &action, seen, server.clock.now());
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
    Some(request)
}

async fn run(seed: u64) {
    println!("seed {seed}: WANGGE_CASE_SEED={seed}");
    let entropy = SeededEntropy::new(seed);
    let server = TestServer::start(seed).await;
    let grid = OrgNodeId::from(server.grids[0]);
    let nodes = server.state.storage.list_ancestors(&grid).await.unwrap();
    let community = nodes[nodes.len() - 2].id;
    let roles = [
        (grid, Role::GridWorker),
        (grid, Role::GridWorker),
        (grid, Role::GridHead),
        (community, Role::ServiceDesk),
        (community, Role::ChiefGridHead),
    ];
    let mut phones = Vec::new();
    for (number, (node, role)) in roles.into_iter().enumerate() {
        let person = server
            .add_person(&format!("人员{number}"), node, role)
            .await;
        phones.push(SimDevice::enrol(&server, person).await);
    }
    let fields = [("title", "路灯不亮")];
    let id = phones[0].create(&server, RecordKind::Incident, server.grids[0], &fields);
    for phone in &mut phones {
        phone.sync(&server).await;
    }
    let units = [grid, community];
    let mut asked = Vec::new();
    for _ in 0..STEPS {
        let phone = &mut phones[pick(&entropy, 5)];
        server.clock.advance_millis(1_000);
        if pick(&entropy, 3) == 0 {
            phone.sync(&server).await;
        } else {
            asked.extend(ask(&server, phone, id, &entropy, &units));
        }
    }
    for _ in 0..2 {
        for phone in &mut phones {
            phone.sync(&server).await;
        }
    }
    let stored = server
        .state
        .storage
        .find_record(&id)
        .await
        .unwrap()
        .unwrap();
    let document = RecordDocument::load(stored.kind, Some(&stored.document), []).unwrap();
    let truth = Incident::read(&document).case;
    for phone in &phones {
        assert_eq!(Incident::read(&phone.records[&id].document).case, truth);
        assert_eq!(phone.records[&id].document.heads(), document.heads());
    }
    assert_eq!(truth.requests.len(), asked.len());
    for request in &asked {
        let found = truth
            .requests
            .iter()
            .find(|one| one.id == request.to_string());
        assert!(found.is_some_and(|one| one.outcome.is_some()), "{request}");
    }
    let mut state = CaseState::Reported;
    for (number, entry) in (1_u64..).zip(&truth.timeline) {
        assert_eq!(
            (entry.version, entry.from.as_str()),
            (number, state.as_str())
        );
        assert!(
            find_move(entry.known_verb().unwrap(), state).is_some(),
            "{entry:?}"
        );
        state = entry.known_state().unwrap();
    }
    let granted = truth.requests.iter().filter(|one| {
        one.outcome
            .as_ref()
            .is_some_and(|outcome| outcome.is_accepted)
    });
    assert_eq!(granted.count(), truth.timeline.len());
    assert_eq!(truth.decided.unwrap().state, state);
}

#[tokio::test]
async fn five_who_ask_offline_in_any_order_end_in_one_lawful_case() {
    let one: Option<u64> = std::env::var("WANGGE_CASE_SEED")
        .ok()
        .and_then(|seed| seed.parse().ok());
    match one {
        Some(seed) => run(seed).await,
        None => {
            for seed in SEEDS {
                run(seed).await;
            }
        }
    }
}
