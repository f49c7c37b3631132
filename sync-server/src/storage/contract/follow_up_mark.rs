//! Restricted follow-up marks: who sees them, and who does not.

use wangge_model::{
    AssignmentId, CivilDay, FollowUpMarkId, GridId, OrgNodeId, PersonId, RecordId,
    follow_up_mark::FollowUpRule, visit_plan::Period,
};

use super::{NOW, Storage, StorageError, id16, person, town, visit};
use crate::storage::{NewAssignment, NewFollowUpMark, NewMove, NewPerson, Role};

const HOUSEHOLD: RecordId = RecordId::from_bytes([40; 16]);
const OFFICER: u8 = 12;
const ASSIGNEE: u8 = 10;

fn today() -> CivilDay {
    CivilDay::of(NOW)
}

fn new(id: u8, officer: u8, assignee: u8) -> NewFollowUpMark {
    NewFollowUpMark {
        id: FollowUpMarkId::from_bytes(id16(id)),
        household: HOUSEHOLD,
        member: "m".to_owned(),
        assignee: person(assignee),
        rule: FollowUpRule {
            period: Period::Month,
            count: 2,
            starts_on: today(),
            ends_on: today().plus(30),
        },
        basis: "某法第一条".to_owned(),
        note: "每月上门两次".to_owned(),
        person: person(officer),
        at: NOW,
    }
}

/// Somebody more, with a role at a place.
async fn join(storage: &dyn Storage, id: u8, place: u8, role: Role) {
    let somebody = NewPerson {
        id: person(id),
        name: format!("人{id}"),
        username: None,
        phone: String::new(),
        trained_on: NOW.to_china_date(),
        created_at: NOW,
    };
    let works = NewAssignment {
        id: AssignmentId::from_bytes(id16(id)),
        person: person(id),
        node: OrgNodeId::from_bytes(id16(place)),
        role,
        full_time: true,
        reserve: false,
        duties: Vec::new(),
        valid_from: NOW,
    };
    storage.create_people(&[somebody], &[works]).await.unwrap();
}

async fn seen(storage: &dyn Storage, who: u8) -> usize {
    let listed = storage
        .list_follow_up_marks(&person(who), NOW, today())
        .await
        .unwrap();
    assert!(
        listed
            .iter()
            .all(|mark| mark.basis.is_empty() && mark.note.is_empty())
    );
    listed.len()
}

pub(super) async fn a_mark_is_shown_to_two_people_only(storage: &dyn Storage) {
    town(storage).await;
    // A head beside the worker, a worker of another grid, the street's second
    // desk, the county, an assessor, the auditor, who keeps the system.
    for (id, place, role) in [
        (13, 3, Role::GridHead),
        (14, 6, Role::GridWorker),
        (15, 1, Role::Supervisor),
        (16, 1, Role::Assessor),
        (17, 1, Role::Auditor),
        (18, 1, Role::Admin),
    ] {
        join(storage, id, place, role).await;
    }
    visit::put_household(storage, 40, 3, "consistent").await;
    let assignees = async |who: u8| {
        let found = storage
            .list_follow_up_assignees(&person(who), NOW, &HOUSEHOLD)
            .await
            .unwrap();
        found
            .into_iter()
            .map(|(id, _)| id)
            .collect::<Vec<PersonId>>()
    };
    let named = assignees(OFFICER).await;
    assert!(named.contains(&person(10)) && named.contains(&person(13)));
    assert!(!named.contains(&person(14)) && !named.contains(&person(16)));
    assert!(assignees(10).await.is_empty(), "a worker orders nothing");

    storage
        .order_follow_up_mark(&new(1, OFFICER, ASSIGNEE))
        .await
        .unwrap();
    let unfit = storage.order_follow_up_mark(&new(2, OFFICER, 14)).await;
    assert!(
        matches!(unfit, Err(StorageError::Missing("assignee"))),
        "{unfit:?}"
    );
    let unfit = storage.order_follow_up_mark(&new(2, 10, 10)).await;
    assert!(
        matches!(unfit, Err(StorageError::Missing("household"))),
        "{unfit:?}"
    );

    let id = FollowUpMarkId::from_bytes(id16(1));
    for who in 10..=18 {
        let expected = [OFFICER, ASSIGNEE].contains(&who);
        assert_eq!(seen(storage, who).await, usize::from(expected), "{who}");
        let found = storage
            .find_follow_up_mark(&person(who), NOW, today(), &id)
            .await
            .unwrap();
        assert_eq!(found.is_some(), expected, "{who}");
        if let Some(found) = found {
            assert_eq!(found.note, "每月上门两次");
            assert_eq!(found.member, "m");
        }
        let counts = storage
            .count_follow_up_marks(&person(who), NOW, today())
            .await
            .unwrap();
        assert_eq!(counts.len(), usize::from(who == 16), "figures: {who}");
        if who != OFFICER {
            let ended = storage
                .end_follow_up_mark(&person(who), NOW, &id)
                .await
                .unwrap();
            assert!(!ended, "{who}");
        }
    }
    // It moves with the household, out of the assignee's sight.
    let step = NewMove {
        record: HOUSEHOLD,
        to: GridId::from_bytes(id16(6)),
        person: Some(person(OFFICER)),
        at: NOW,
        moves: None,
    };
    storage.move_record(step).await.unwrap();
    assert_eq!(seen(storage, ASSIGNEE).await, 0);
    assert_eq!(seen(storage, OFFICER).await, 1);
    let ended = storage
        .end_follow_up_mark(&person(OFFICER), NOW, &id)
        .await
        .unwrap();
    assert!(ended);
    assert_eq!(seen(storage, OFFICER).await, 0);
}

pub(super) async fn a_mark_counts_its_assignees_visits_and_ends_by_itself(storage: &dyn Storage) {
    town(storage).await;
    join(storage, 16, 1, Role::Assessor).await;
    visit::put_household(storage, 40, 3, "consistent").await;
    storage
        .order_follow_up_mark(&new(1, OFFICER, ASSIGNEE))
        .await
        .unwrap();
    let by = |who: u8| visit::text("visitor", &person(who).to_string());
    for (id, who) in [(50, 10), (51, 11)] {
        let mut edits = visit::met(40, 0);
        edits.push(by(who));
        visit::put_visit(storage, id, 3, &edits).await;
    }
    visit::count_all(storage).await;
    let visited = async || {
        storage
            .list_follow_up_marks(&person(OFFICER), NOW, today())
            .await
            .unwrap()
            .remove(0)
            .visited_on
    };
    assert_eq!(visited().await, [today()], "only the assignee's");
    let figures = async || {
        let counts = storage
            .count_follow_up_marks(&person(16), NOW, today())
            .await
            .unwrap();
        (counts[0].marks, counts[0].met)
    };
    assert_eq!(figures().await, (1, 0));
    let mut edits = visit::met(40, visit::DAY);
    edits.push(by(10));
    visit::put_visit(storage, 52, 3, &edits).await;
    visit::count_all(storage).await;
    // Two days, of which the second is tomorrow.
    let later = NOW.plus_millis(visit::DAY);
    let tomorrow = today().plus(1);
    let listed = storage
        .list_follow_up_marks(&person(OFFICER), later, tomorrow)
        .await
        .unwrap();
    let mark = &listed[0];
    assert!(mark.rule.is_met_by(mark.visited_on.len()));

    let over = today().plus(30);
    assert_eq!(storage.end_follow_up_marks_before(over).await.unwrap(), 0);
    let none = storage
        .list_follow_up_marks(&person(OFFICER), NOW, over.plus(1))
        .await
        .unwrap();
    assert!(none.is_empty(), "over before it is deleted");
    let after = over.plus(1);
    assert_eq!(storage.end_follow_up_marks_before(after).await.unwrap(), 1);
    assert_eq!(seen(storage, OFFICER).await, 0);
}
