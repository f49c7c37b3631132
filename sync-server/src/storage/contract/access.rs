//! The access matrix, training and who works where, as queries see them.

use wangge_model::{
    AssignmentId, CallOutId, FieldPath, FieldValue, OrgNodeId, RecordId, RecordKind, Timestamp,
    access::{self, Act, Data},
    document::{FieldEdit, RecordDocument},
    org::Duty,
};

use super::{
    ActorId, NOW, NewAssignment, NewChange, NewPerson, OrgLevel, RecordFilter, RecordWork, Role,
    Storage, StorageError, commit, grid, id16, person, town, town_with_phone,
};
use crate::storage::{ChangeBy, NewCallOut, PersonChange};

/// A new record of this kind in grid 3.
fn record(kind: RecordKind) -> RecordWork {
    let path = match kind {
        RecordKind::Household => "address.room",
        RecordKind::Visit => "diary",
        RecordKind::Incident => "title",
        RecordKind::Place => "name",
    };
    let mut document = RecordDocument::new(kind);
    let actor = ActorId::from_bytes(id16(0xac));
    let edit = FieldEdit::set(FieldPath::new(path).unwrap(), FieldValue::text("一"));
    let change = document.edit(&[edit], actor, NOW).unwrap().unwrap();
    RecordWork {
        id: RecordId::from_bytes(id16(0xd0 + kind.number())),
        kind,
        grid: grid(3),
        record_epoch: 0,
        base_version: 0,
        base_heads: Vec::new(),
        saved: document.save(),
        heads: document.heads(),
        summary: document.summary(),
        changes: vec![NewChange::written(0, change, actor, ChangeBy::Sender)],
        quarantine: Vec::new(),
        numbering: None,
    }
}

fn somebody(id: u8) -> NewPerson {
    NewPerson {
        id: person(id),
        name: format!("人{id}"),
        username: None,
        phone: String::new(),
        trained_on: NOW.to_china_date(),
        created_at: NOW,
    }
}

fn works(id: u8, who: u8, place: u8, role: Role) -> NewAssignment {
    NewAssignment {
        id: AssignmentId::from_bytes(id16(id)),
        person: person(who),
        node: OrgNodeId::from_bytes(id16(place)),
        role,
        full_time: true,
        reserve: false,
        duties: Vec::new(),
        valid_from: NOW,
    }
}

pub(super) async fn every_role_sees_what_the_matrix_says(storage: &dyn Storage) {
    town_with_phone(storage).await;
    let works_of_all = RecordKind::ALL.map(record).to_vec();
    storage.commit(commit(works_of_all, None)).await.unwrap();
    // Place 1 is a street, 2 a community, 3 a grid.
    let places = [
        (1, OrgLevel::Street),
        (2, OrgLevel::Community),
        (3, OrgLevel::Grid),
    ];
    let mut id = 100;
    for role in Role::ALL {
        for (place, level) in places {
            id += 1;
            let assignment = works(id, id, place, *role);
            storage
                .create_people(&[somebody(id)], &[assignment])
                .await
                .unwrap();
            let seat = role.seat(level);
            let who = person(id);
            for kind in RecordKind::ALL {
                let filter = RecordFilter {
                    kind: Some(kind),
                    limit: 10,
                    ..RecordFilter::default()
                };
                let seen = storage.list_records(&who, NOW, &filter).await.unwrap();
                let may = access::may(seat, Data::of_record(kind), Act::Read);
                assert_eq!(seen.total, u64::from(may), "{role} at a {level}, {kind}");
                let one = RecordId::from_bytes(id16(0xd0 + kind.number()));
                let found = storage.find_record_in_scope(&one, &who, NOW).await.unwrap();
                assert_eq!(found.is_some(), may, "{role} at a {level}, {kind}");
            }
            let granted = storage.list_granted_grids(&who, NOW).await.unwrap();
            let held = granted.iter().find(|granted| granted.grid == grid(3));
            assert_eq!(
                held.is_some(),
                access::may_hold(seat),
                "{role} at a {level}"
            );
            let is_held = storage.is_grid_held(&who, &grid(3), NOW).await.unwrap();
            assert_eq!(is_held, access::may_hold(seat), "{role} at a {level}");
            if let Some(held) = held {
                for kind in RecordKind::ALL {
                    assert_eq!(
                        held.writes.contains(&kind),
                        access::may_write_record(seat, kind),
                        "{role} at a {level}, {kind}"
                    );
                }
            }
            let seats = storage
                .list_seats(&who, &grid(3).into(), NOW)
                .await
                .unwrap();
            assert_eq!(seats, [seat]);
            let counted = storage.list_grid_overviews(&who, NOW).await.unwrap();
            let may_count = access::may(seat, Data::Household, Act::Count);
            assert_eq!(!counted.is_empty(), may_count, "{role} at a {level}");
            let devices = storage.list_devices_in_scope(&who, NOW).await.unwrap();
            let sees_devices = access::may(seat, Data::Account, Act::Read);
            assert_eq!(!devices.is_empty(), sees_devices, "{role} at a {level}");
        }
    }
}

pub(super) async fn roles_of_several_assignments_add_up(storage: &dyn Storage) {
    town(storage).await;
    storage.create_person(&somebody(100)).await.unwrap();
    for assignment in [
        works(101, 100, 2, Role::Auditor),
        works(102, 100, 3, Role::Volunteer),
        works(103, 100, 3, Role::GridWorker),
    ] {
        storage.create_assignment(&assignment).await.unwrap();
    }
    let granted = storage.list_granted_grids(&person(100), NOW).await.unwrap();
    assert_eq!(granted.len(), 1, "an auditor holds nothing");
    assert_eq!(granted[0].role, Role::GridWorker);
    let seats = storage
        .list_seats(&person(100), &grid(3).into(), NOW)
        .await
        .unwrap();
    assert_eq!(seats.len(), 3);
    let seats = storage
        .list_seats(&person(100), &grid(4).into(), NOW)
        .await
        .unwrap();
    assert_eq!(seats, [access::Seat::Auditor]);
    let elsewhere = storage
        .list_seats(&person(100), &grid(6).into(), NOW)
        .await
        .unwrap();
    assert!(elsewhere.is_empty());
}

pub(super) async fn untrained_people_and_reserves_have_no_scope(storage: &dyn Storage) {
    town(storage).await;
    let has_scope = |id: u8| async move {
        let grids = storage.list_granted_grids(&person(id), NOW).await.unwrap();
        !grids.is_empty()
    };
    let untrained = NewPerson {
        trained_on: None,
        ..somebody(100)
    };
    let reserve = NewAssignment {
        reserve: true,
        ..works(102, 101, 3, Role::SecondedOfficial)
    };
    storage
        .create_people(
            &[untrained, somebody(101)],
            &[works(101, 100, 3, Role::GridWorker), reserve],
        )
        .await
        .unwrap();
    assert!(!has_scope(100).await);
    assert!(!has_scope(101).await);
    let trained = PersonChange {
        trained_on: Some(NOW.to_china_date()),
        phone: Some("053182012345".to_owned()),
        ..PersonChange::default()
    };
    storage.change_person(&person(100), &trained).await.unwrap();
    assert!(has_scope(100).await, "from the day itself");
    let found = storage.find_person(&person(100)).await.unwrap().unwrap();
    assert_eq!(found.phone, "053182012345");
    assert_eq!(found.name, "人100", "what is not named stays");
    let taken_back = PersonChange {
        trained_on: Some(None),
        ..PersonChange::default()
    };
    storage
        .change_person(&person(100), &taken_back)
        .await
        .unwrap();
    assert!(!has_scope(100).await);
    // A role of the office needs no training.
    let office = works(104, 100, 2, Role::ServiceDesk);
    storage.create_assignment(&office).await.unwrap();
    assert!(has_scope(100).await);
}

pub(super) async fn a_leader_sees_the_team_and_a_worker_the_own_grid(storage: &dyn Storage) {
    town(storage).await;
    storage
        .create_people(
            &[somebody(100), somebody(101)],
            &[
                NewAssignment {
                    duties: vec![Duty::Patrol],
                    ..works(101, 100, 4, Role::GridWorker)
                },
                works(102, 101, 6, Role::GridWorker),
            ],
        )
        .await
        .unwrap();
    let team = |id: u8| async move {
        let members = storage.list_team(&person(id), NOW).await.unwrap();
        members
            .iter()
            .map(|member| member.assignment.person.as_bytes()[0])
            .collect::<Vec<_>>()
    };
    assert_eq!(team(11).await, [11, 10, 100], "the community, by place");
    assert_eq!(team(10).await, [10], "the own grid");
    assert_eq!(team(101).await, [101]);
    let members = storage
        .list_members(&[OrgNodeId::from_bytes(id16(4))], NOW)
        .await
        .unwrap();
    assert_eq!(members[0].assignment.duties, [Duty::Patrol]);
}

pub(super) async fn a_successor_gets_the_place_and_authorship_stays(storage: &dyn Storage) {
    town(storage).await;
    storage.create_person(&somebody(100)).await.unwrap();
    let work = record(RecordKind::Household);
    let id = work.id;
    storage.commit(commit(vec![work], None)).await.unwrap();
    let later = NOW.plus_millis(10);
    let successor = NewAssignment {
        valid_from: later,
        ..works(101, 100, 3, Role::GridWorker)
    };
    storage
        .replace_assignment(&AssignmentId::from_bytes(id16(10)), &successor)
        .await
        .unwrap();
    for (who, before, after) in [(10, true, false), (100, false, true)] {
        for (at, expected) in [(NOW, before), (later, after)] {
            let held = storage.is_grid_held(&person(who), &grid(3), at).await;
            assert_eq!(held.unwrap(), expected, "{who} at {at:?}");
        }
    }
    let authors = storage.list_authorship(&id).await.unwrap();
    assert_eq!(authors[0].person, Some(person(10)), "who wrote it stays");
    let unknown = storage
        .replace_assignment(&AssignmentId::from_bytes(id16(99)), &successor)
        .await;
    assert!(unknown.is_err());
    let ended = storage
        .find_assignment(&AssignmentId::from_bytes(id16(10)))
        .await
        .unwrap()
        .unwrap();
    assert_eq!(ended.valid_to, Some(later));
}

/// Somebody assigned beforehand is called out for a while.
pub(super) async fn a_reserve_has_access_while_called_out(storage: &dyn Storage) {
    const DAY: i64 = 24 * 3_600_000;
    town(storage).await;
    let mut reserve = works(60, 60, 3, Role::GridWorker);
    reserve.reserve = true;
    storage
        .create_people(&[somebody(60)], &[reserve])
        .await
        .unwrap();
    let new = |id: u8, node: u8, who: u8| NewCallOut {
        id: CallOutId::from_bytes(id16(id)),
        node: OrgNodeId::from_bytes(id16(node)),
        starts_at: NOW.plus_millis(DAY),
        ends_at: NOW.plus_millis(3 * DAY),
        reason: "防汛".to_owned(),
        person: person(who),
        at: NOW,
    };
    for who in [10, 11] {
        let refused = storage.create_call_out(&new(1, 3, who)).await;
        assert!(
            matches!(refused, Err(StorageError::Missing("org_node"))),
            "{who}: {refused:?}"
        );
    }
    // Of another community: it is not about this one.
    storage.create_call_out(&new(1, 5, 12)).await.unwrap();
    storage.create_call_out(&new(2, 2, 12)).await.unwrap();
    let has_access = async |at: Timestamp| {
        let who = person(60);
        let granted = storage.list_granted_grids(&who, at).await.unwrap();
        let seats = storage.list_seats(&who, &grid(3).into(), at).await.unwrap();
        let called = storage.list_called_out(&who, at).await.unwrap();
        assert_eq!(granted.len(), seats.len());
        assert_eq!(granted.len(), called.len());
        !granted.is_empty()
    };
    assert!(!has_access(NOW).await, "not yet");
    assert!(has_access(NOW.plus_millis(DAY)).await);
    assert!(has_access(NOW.plus_millis(3 * DAY - 1)).await);
    assert!(!has_access(NOW.plus_millis(3 * DAY)).await, "by itself");

    let list = async |who: u8| storage.list_call_outs(&person(who), NOW).await.unwrap();
    let listed = list(12).await;
    assert_eq!(listed.len(), 2);
    let of_two = listed.iter().find(|one| one.id == new(2, 2, 12).id);
    let of_two = of_two.unwrap();
    assert_eq!(of_two.people.len(), 1);
    assert!(of_two.may_end);
    assert!(list(10).await.is_empty());
    let id = CallOutId::from_bytes(id16(2));
    let refused = storage.end_call_out(&id, &person(10), NOW).await;
    assert!(matches!(refused, Err(StorageError::Missing("call_out"))));
    let at = NOW.plus_millis(2 * DAY);
    assert!(storage.end_call_out(&id, &person(12), at).await.unwrap());
    assert!(!has_access(at).await, "taken back at once");
    assert!(!storage.end_call_out(&id, &person(12), at).await.unwrap());
}
