//! Emergencies: who declares them, what holds where, and who came.

use wangge_model::{
    AssignmentId, CallOutId, EmergencyId, OrgNodeId, RequestId, Timestamp,
    emergency::{EMERGENCY, EmergencyLevel},
};

use super::{NOW, Storage, device_id, grid, id16, node, person, town_with_phone};
use crate::storage::{
    EmergencyRow, NewAssignment, NewEmergency, NewPerson, NewRollAnswer, OrgLevel, Role,
    StorageError,
};

const HOUR: i64 = 3_600_000;

fn new(id: u8, place: u8, level: EmergencyLevel, who: u8) -> NewEmergency {
    NewEmergency {
        id: EmergencyId::from_bytes(id16(id)),
        call_out: CallOutId::from_bytes(id16(id + 100)),
        node: OrgNodeId::from_bytes(id16(place)),
        level,
        reason: "防汛".to_owned(),
        ordered_by: "县防汛抗旱指挥部".to_owned(),
        starts_at: NOW,
        ends_at: NOW.plus_millis(10 * HOUR),
        person: person(who),
        at: NOW,
    }
}

/// The town, a county above nobody with its desk (70), and a reserve (60) of
/// grid 3.
async fn town_and_county(storage: &dyn Storage) {
    town_with_phone(storage).await;
    storage
        .create_nodes(&[
            node(7, None, OrgLevel::County),
            node(8, Some(7), OrgLevel::Street),
        ])
        .await
        .unwrap();
    let somebody = |id: u8| NewPerson {
        id: person(id),
        name: format!("人{id}"),
        username: None,
        phone: String::new(),
        trained_on: NOW.to_china_date(),
        created_at: NOW,
    };
    let works = |id: u8, place: u8, role, reserve: bool| NewAssignment {
        id: AssignmentId::from_bytes(id16(id)),
        person: person(id),
        node: OrgNodeId::from_bytes(id16(place)),
        role,
        full_time: !reserve,
        reserve,
        duties: Vec::new(),
        valid_from: NOW,
    };
    storage
        .create_people(
            &[somebody(60), somebody(70)],
            &[
                works(60, 3, Role::GridWorker, true),
                works(70, 7, Role::Supervisor, false),
            ],
        )
        .await
        .unwrap();
}

async fn list(storage: &dyn Storage, who: u8, at: Timestamp) -> Vec<EmergencyRow> {
    storage.list_emergencies(&person(who), at).await.unwrap()
}

pub(super) async fn an_emergency_holds_below_its_place_and_ends_by_itself(storage: &dyn Storage) {
    use EmergencyLevel::{Reinforced, Response};
    town_and_county(storage).await;
    // A street reinforces its own area and no more, a county does both, the rest
    // nothing.
    for (place, level, who) in [
        (1, Response, 12),
        (8, Reinforced, 12),
        (2, Reinforced, 11),
        (3, Reinforced, 10),
        (1, Reinforced, 70),
    ] {
        let refused = storage.declare_emergency(&new(1, place, level, who)).await;
        assert!(
            matches!(refused, Err(StorageError::Missing("org_node"))),
            "{place} {level:?} {who}: {refused:?}"
        );
    }
    storage
        .declare_emergency(&new(1, 8, Response, 70))
        .await
        .unwrap();
    storage
        .declare_emergency(&new(2, 2, Reinforced, 12))
        .await
        .unwrap();
    let level = async |place: u8, at: Timestamp| {
        let place = OrgNodeId::from_bytes(id16(place));
        storage.find_emergency_level(&place, at).await.unwrap()
    };
    assert_eq!(level(3, NOW).await, Some(Reinforced));
    assert_eq!(level(8, NOW).await, Some(Response));
    assert_eq!(level(1, NOW).await, None, "below it, not above");
    assert_eq!(level(6, NOW).await, None);
    assert_eq!(level(3, NOW.plus_millis(-1)).await, None);
    assert_eq!(
        level(3, NOW.plus_millis(10 * HOUR)).await,
        None,
        "by itself"
    );
    // The reserve has the grid as long as it lasts.
    let has_grid = async |at: Timestamp| {
        let granted = storage.list_granted_grids(&person(60), at).await.unwrap();
        granted.iter().any(|granted| granted.grid == grid(3))
    };
    assert!(has_grid(NOW).await && has_grid(NOW.plus_millis(10 * HOUR - 1)).await);
    assert!(!has_grid(NOW.plus_millis(10 * HOUR)).await);
    // Whoever works in the area sees it, also below the place it was declared for.
    for who in [10, 11, 12, 60] {
        assert_eq!(list(storage, who, NOW).await.len(), 1, "{who}");
    }
    assert!(list(storage, 12, NOW).await[0].may_end);
    assert!(!list(storage, 11, NOW).await[0].may_end);
    let told = |place: u8, id: u8| {
        let name = format!("{EMERGENCY}{}", EmergencyId::from_bytes(id16(id)));
        let place = OrgNodeId::from_bytes(id16(place));
        async move {
            let set = storage.find_reference(&name, &place).await.unwrap();
            set.unwrap().body.is_some()
        }
    };
    assert!(told(2, 2).await);
    let id = |id: u8| EmergencyId::from_bytes(id16(id));
    let refused = storage.end_emergency(&id(2), &person(11), NOW).await;
    assert!(matches!(refused, Err(StorageError::Missing("emergency"))));
    // Ended early: limits, access and what phones hold end with it.
    let at = NOW.plus_millis(HOUR);
    assert!(
        storage
            .end_emergency(&id(2), &person(12), at)
            .await
            .unwrap()
    );
    assert!(
        !storage
            .end_emergency(&id(2), &person(12), at)
            .await
            .unwrap()
    );
    assert_eq!(level(3, at).await, None);
    assert!(!has_grid(at).await && !told(2, 2).await);
    assert_eq!(list(storage, 12, at).await[0].ended_by, "人12");
    assert_eq!(storage.untell_emergencies(at).await.unwrap(), 0);
    let over = NOW.plus_millis(10 * HOUR);
    assert_eq!(storage.untell_emergencies(over).await.unwrap(), 1);
    assert!(!told(8, 1).await);
}

pub(super) async fn a_roll_call_tells_who_came_and_whose_phone_was_heard_of(storage: &dyn Storage) {
    town_and_county(storage).await;
    storage
        .declare_emergency(&new(2, 2, EmergencyLevel::Reinforced, 12))
        .await
        .unwrap();
    let id = EmergencyId::from_bytes(id16(2));
    let roll = async |who: u8, at: Timestamp| {
        let rows = storage.list_roll(&id, &person(who), at).await.unwrap();
        rows.iter()
            .map(|row| {
                let bytes = row.person.as_bytes()[0];
                (bytes, row.is_reserve, row.phone_at, row.arrived_at)
            })
            .collect::<Vec<_>>()
    };
    // Person 10's phone was enrolled at that moment; 60 has none.
    let at = NOW.plus_millis(HOUR);
    storage
        .touch_device(&device_id(), "0.2.0", at)
        .await
        .unwrap();
    assert_eq!(
        roll(12, at).await,
        [(10, false, None, None), (60, true, None, None)]
    );
    assert_eq!(storage.note_contacts(at).await.unwrap(), 1);
    assert_eq!(storage.note_contacts(at).await.unwrap(), 0, "once");
    for (who, by) in [(60, 10), (10, 60), (12, 12), (60, 70)] {
        let refused = storage.check_in(&id, &person(who), &person(by), at).await;
        assert!(
            matches!(refused, Err(StorageError::Missing("person"))),
            "{who} {by}: {refused:?}"
        );
    }
    let come = async |who: u8, by: u8, at: Timestamp| {
        storage.check_in(&id, &person(who), &person(by), at).await
    };
    assert!(come(10, 10, at).await.unwrap(), "oneself");
    assert!(come(60, 12, at).await.unwrap(), "the desk");
    assert!(!come(60, 60, at).await.unwrap(), "noted already");
    assert_eq!(
        roll(12, at).await,
        [(10, false, Some(at), Some(at)), (60, true, None, Some(at))]
    );
    assert_eq!(roll(10, at).await, [], "a worker keeps no roll");
    let over = NOW.plus_millis(10 * HOUR);
    let late = come(10, 10, over).await;
    assert!(matches!(late, Err(StorageError::Missing("person"))));
    assert_eq!(roll(12, over).await.len(), 2, "kept afterwards");
}

pub(super) async fn an_answer_from_a_phone_is_decided_once_and_the_last_counts(
    storage: &dyn Storage,
) {
    use wangge_model::roll_call::{
        RollRefusal,
        RollState::{self, CannotCome, InPlace, OnTheWay},
    };

    town_and_county(storage).await;
    storage
        .declare_emergency(&new(2, 2, EmergencyLevel::Reinforced, 12))
        .await
        .unwrap();
    let emergency = EmergencyId::from_bytes(id16(2));
    let answer = |id: u8, who: u8, state: RollState, minute: i64| NewRollAnswer {
        id: RequestId::from_bytes(id16(id)),
        emergency,
        person: person(who),
        state,
        reason: String::new(),
        given_at: NOW.plus_millis(minute * 60_000),
        at: NOW.plus_millis(HOUR),
    };
    let decide = async |new: &NewRollAnswer| {
        let decided = storage.answer_roll_call(new).await.unwrap();
        (decided.refusal, decided.is_new)
    };
    let row = async |who: u8| {
        let at = NOW.plus_millis(HOUR);
        let rows = storage.list_roll(&emergency, &person(12), at).await;
        let mut rows = rows.unwrap().into_iter();
        let row = rows.find(|row| row.person == person(who)).unwrap();
        (row.said.clone().map(|said| said.state), row.came_at())
    };
    assert_eq!(row(10).await, (None, None));
    let way = answer(81, 10, OnTheWay, 10);
    assert_eq!(decide(&way).await, (None, true));
    assert_eq!(decide(&way).await, (None, false), "sent twice it is one");
    assert_eq!(row(10).await, (Some(OnTheWay), None));
    let there = answer(82, 10, InPlace, 20);
    assert_eq!(decide(&there).await, (None, true));
    assert_eq!(row(10).await, (Some(InPlace), Some(there.given_at)));
    // Given before, heard of later.
    let late = answer(83, 10, CannotCome, 15);
    let superseded = Some(RollRefusal::Superseded);
    assert_eq!(decide(&late).await, (superseded, true));
    assert_eq!(decide(&late).await, (superseded, false));
    assert_eq!(row(10).await, (Some(InPlace), Some(there.given_at)));
    // A reserve that was called out is on the roll; desks are not.
    assert_eq!(decide(&answer(84, 60, InPlace, 30)).await, (None, true));
    let not_on_roll = Some(RollRefusal::NotOnRoll);
    assert_eq!(decide(&answer(85, 12, InPlace, 30)).await.0, not_on_roll);
    let stolen = answer(81, 60, InPlace, 40);
    assert_eq!(decide(&stolen).await.0, Some(RollRefusal::Unknown));
    let unknown = NewRollAnswer {
        emergency: EmergencyId::from_bytes(id16(99)),
        ..answer(86, 10, InPlace, 30)
    };
    assert_eq!(decide(&unknown).await.0, Some(RollRefusal::Unknown));
    let after = NewRollAnswer {
        at: NOW.plus_millis(10 * HOUR),
        ..answer(87, 10, InPlace, 30)
    };
    assert_eq!(decide(&after).await.0, Some(RollRefusal::Over));
}
