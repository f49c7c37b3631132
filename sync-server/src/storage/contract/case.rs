//! Inboxes of cases, what is due by itself, and jobs that one server at a time
//! does.

use wangge_model::{
    ActorId, OrgNodeId, RecordId, RecordKind, Timestamp,
    case::{CaseLevel, CaseState},
    deadline::Light,
    document::{FieldEdit, RecordDocument},
};

use super::{NOW, NewMove, Storage, commit, grid, id16, person, town, work};
use crate::storage::{
    CaseFilter, CaseQueue, ChangeBy, NewChange, NewOrgNode, OrgLevel, RecordWork,
};

/// A day, in milliseconds.
const DAY: i64 = 86_400_000;

fn set(path: &str, value: wangge_model::FieldValue) -> FieldEdit {
    FieldEdit::set(wangge_model::FieldPath::new(path).unwrap(), value)
}

/// An incident of a grid with a case that stands so and is due then.
fn incident(id: u8, place: u8, state: CaseState, due: Option<Timestamp>, unit: u8) -> RecordWork {
    let word = |text: &str| wangge_model::FieldValue::text(text);
    let mut document = RecordDocument::new(RecordKind::Incident);
    let author = ActorId::from_bytes(id16(0xac));
    let first = document
        .edit(&[set("category", word("4006"))], author, NOW)
        .unwrap()
        .unwrap();
    let mut edits = vec![
        set("case.number", word(&format!("SJ{id}"))),
        set("case.stage", word(state.as_str())),
        set("case.version", wangge_model::FieldValue::Integer(1)),
    ];
    if unit > 0 {
        let unit = OrgNodeId::from_bytes(id16(unit));
        edits.push(set("case.unit", word(&unit.to_string())));
    }
    if let Some(due) = due {
        edits.extend([
            set("case.limit", word("1d")),
            set("case.started_at", wangge_model::FieldValue::Time(NOW)),
            set("case.due_at", wangge_model::FieldValue::Time(due)),
        ]);
    }
    document
        .edit_as_server(&edits, ActorId::from_bytes(id16(0xad)), NOW)
        .unwrap();
    RecordWork {
        id: RecordId::from_bytes(id16(id)),
        kind: RecordKind::Incident,
        saved: document.save(),
        heads: document.heads(),
        summary: document.summary(),
        changes: vec![NewChange::written(0, first, author, ChangeBy::Sender)],
        ..work(None, id, place, 0, "501")
    }
}

async fn list(storage: &dyn Storage, viewer: u8, filter: CaseFilter, at: Timestamp) -> Vec<u8> {
    let filter = CaseFilter {
        limit: 50,
        ..filter
    };
    let page = storage
        .list_cases(&filter, &person(viewer), at)
        .await
        .unwrap();
    assert_eq!(page.total, page.cases.len() as u64);
    page.cases
        .iter()
        .map(|case| case.record.id.as_bytes()[0])
        .collect()
}

pub(super) async fn inboxes_show_cases_in_scope_by_state_and_light(storage: &dyn Storage) {
    town(storage).await;
    let day = |days: i64| Some(NOW.plus_millis(days * DAY));
    let works = vec![
        incident(40, 3, CaseState::Assigned, day(5), 0),
        incident(41, 3, CaseState::InProgress, day(1), 5),
        incident(42, 4, CaseState::Filed, day(3), 0),
        incident(43, 6, CaseState::Filed, day(2), 0),
        incident(44, 3, CaseState::Closed, day(1), 0),
    ];
    storage.commit(commit(works, None)).await.unwrap();
    let all = CaseFilter::default();
    // Most pressing first; what is over only if it is asked for.
    assert_eq!(list(storage, 12, all.clone(), NOW).await, [41, 43, 42, 40]);
    assert_eq!(list(storage, 10, all.clone(), NOW).await, [41, 40]);
    let closed = CaseFilter {
        state: Some(CaseState::Closed),
        ..CaseFilter::default()
    };
    assert_eq!(list(storage, 12, closed, NOW).await, [44]);
    let light = |light| CaseFilter {
        light: Some(light),
        ..CaseFilter::default()
    };
    let later = NOW.plus_millis(2 * DAY - 3_600_000);
    assert_eq!(list(storage, 12, light(Light::Red), later).await, [41]);
    assert_eq!(list(storage, 12, light(Light::Yellow), later).await, [43]);
    assert_eq!(
        list(storage, 12, light(Light::Green), later).await,
        [42, 40]
    );
    let street = CaseFilter {
        queue: CaseQueue::Desk(CaseLevel::Street),
        ..CaseFilter::default()
    };
    assert_eq!(list(storage, 12, street, NOW).await, [] as [u8; 0]);
    let class = |class: &str| CaseFilter {
        class: class.to_owned(),
        ..CaseFilter::default()
    };
    assert_eq!(list(storage, 12, class("40"), NOW).await.len(), 4);
    assert_eq!(list(storage, 12, class("30"), NOW).await.len(), 0);
    let found = |viewer, id| {
        let id = RecordId::from_bytes(id16(id));
        async move {
            let case = storage.find_case(&id, &person(viewer), NOW).await.unwrap();
            case.is_some()
        }
    };
    assert!(found(10, 40).await && !found(10, 43).await && !found(10, 42).await);
    // A case follows its record.
    let to = NewMove {
        record: RecordId::from_bytes(id16(43)),
        to: grid(3),
        person: None,
        at: NOW,
        moves: None,
    };
    storage.move_record(to).await.unwrap();
    assert_eq!(list(storage, 10, all, NOW).await, [41, 43, 40]);
}

pub(super) async fn an_inbox_is_the_same_however_many_grids_are_looked_after(
    storage: &dyn Storage,
) {
    town(storage).await;
    let day = |days: i64| Some(NOW.plus_millis(days * DAY));
    let works = vec![
        incident(40, 3, CaseState::Assigned, day(5), 0),
        incident(41, 3, CaseState::InProgress, day(1), 5),
        incident(42, 4, CaseState::Filed, day(3), 0),
        incident(43, 6, CaseState::Filed, day(2), 0),
    ];
    storage.commit(commit(works, None)).await.unwrap();
    let above = storage.list_ancestors(&grid(3).into()).await.unwrap();
    let mut made: u16 = 0;
    // A few, some, and more than are named before the list is read.
    for grids in [0, 100, 2_100] {
        let mut nodes = Vec::new();
        while made < grids {
            made += 1;
            let mut id = id16(0xbb);
            id[14..].copy_from_slice(&made.to_be_bytes());
            nodes.push(NewOrgNode {
                id: OrgNodeId::from_bytes(id),
                parent: Some(above[0].id),
                level: OrgLevel::Grid,
                code: None,
                name: format!("第{made}网格"),
                attribute: None,
                valid_from: Timestamp::from_millis(0),
            });
        }
        storage.create_nodes(&nodes).await.unwrap();
        let all = CaseFilter::default();
        assert_eq!(list(storage, 12, all.clone(), NOW).await, [41, 43, 42, 40]);
        assert_eq!(list(storage, 10, all, NOW).await, [41, 40]);
        let scope = storage.find_case_scope(&person(12), NOW).await.unwrap();
        assert_eq!(scope.grids.len(), 3 + usize::from(grids));
    }
}

pub(super) async fn cases_come_due_and_one_server_at_a_time_looks(storage: &dyn Storage) {
    town(storage).await;
    let due = NOW.plus_millis(10 * DAY);
    let works = vec![
        incident(40, 3, CaseState::Assigned, Some(due), 0),
        incident(41, 3, CaseState::Closed, Some(due), 0),
        incident(42, 3, CaseState::Filed, None, 0),
    ];
    storage.commit(commit(works, None)).await.unwrap();
    let warned = NOW.plus_millis(8 * DAY);
    let at = |at: Timestamp| storage.list_due_cases(at, 10);
    assert!(at(warned.plus_millis(-1)).await.unwrap().is_empty());
    let found = at(warned).await.unwrap();
    assert_eq!(found.len(), 1);
    assert_eq!(found[0].record.as_bytes()[0], 40);
    let later = warned.plus_millis(DAY);
    storage.put_off_case(&found[0].record, later).await.unwrap();
    assert!(at(warned).await.unwrap().is_empty());
    assert_eq!(at(later).await.unwrap().len(), 1);
    let until = NOW.plus_millis(1_000);
    let lease = |holder, at, until| async move {
        storage
            .lease_job("clockwork", &id16(holder), at, until)
            .await
            .unwrap()
    };
    assert!(lease(1, NOW, until).await);
    assert!(
        !lease(2, NOW.plus_millis(999), until).await,
        "somebody has it"
    );
    assert!(
        lease(1, NOW.plus_millis(500), until).await,
        "kept by its holder"
    );
    let next = until.plus_millis(1_000);
    assert!(lease(2, until, next).await, "it ran out");
    assert!(!lease(1, until, next).await);
}

pub(super) async fn what_somebody_was_asked_first_is_listed_within_scope(storage: &dyn Storage) {
    town(storage).await;
    let day = |days: i64| Some(NOW.plus_millis(days * DAY));
    let asked = |id, place, state, due, by: u8| {
        let mut work = incident(id, place, state, due, 0);
        let case = work.summary.case.as_mut().unwrap();
        case.first_asked = Some(person(by));
        work
    };
    let works = vec![
        asked(40, 3, CaseState::InProgress, day(1), 10),
        asked(41, 3, CaseState::Closed, day(1), 10),
        asked(42, 6, CaseState::Filed, day(3), 10),
        asked(43, 3, CaseState::Handled, day(2), 11),
        asked(44, 3, CaseState::Void, None, 10),
    ];
    storage.commit(commit(works, None)).await.unwrap();
    let of = |by| CaseFilter {
        first_asked: Some(person(by)),
        ..CaseFilter::default()
    };
    // What is over stays on the list, after what is open; other grids do not show.
    assert_eq!(list(storage, 10, of(10), NOW).await, [40, 44, 41]);
    assert_eq!(list(storage, 12, of(10), NOW).await, [40, 42, 44, 41]);
    assert_eq!(list(storage, 10, of(12), NOW).await, [] as [u8; 0]);
    let closed = CaseFilter {
        state: Some(CaseState::Closed),
        ..of(10)
    };
    assert_eq!(list(storage, 12, closed, NOW).await, [41]);
    let later = NOW.plus_millis(2 * DAY);
    let sums = |viewer| async move {
        let span = (NOW, NOW.plus_millis(DAY));
        let sums = storage
            .sum_first_asked(span, &person(viewer), later)
            .await
            .unwrap();
        sums.into_iter()
            .map(|sum| {
                let counts = [sum.total, sum.open, sum.overdue, sum.untold, sum.told];
                (sum.person.as_bytes()[0], sum.name, counts)
            })
            .collect::<Vec<_>>()
    };
    let ten = |counts| (10, "人10".to_owned(), counts);
    let eleven = (11, "人11".to_owned(), [1, 1, 0, 1, 0]);
    assert_eq!(sums(12).await, [ten([3, 2, 1, 0, 1]), eleven.clone()]);
    // A worker sees no colleague's list, a head of the community what lies there.
    assert_eq!(sums(10).await, [ten([2, 1, 1, 0, 1])]);
    assert_eq!(sums(11).await, [ten([2, 1, 1, 0, 1]), eleven]);
    let none = storage
        .sum_first_asked((later, later), &person(12), later)
        .await
        .unwrap();
    assert_eq!(none, []);
}
