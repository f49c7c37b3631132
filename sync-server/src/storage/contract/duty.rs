//! The duty roster, its rates, and where workers last were.

use wangge_model::{
    ActorId, AssignmentId, CivilDay, DutyId, FieldPath, FieldValue, OrgNodeId, RateCountId,
    RecordId, RecordKind, Timestamp,
    assessment::Figure,
    document::{FieldEdit, RecordDocument},
    duty::{DutyRate, RateCount, Shift},
};

use super::{NOW, Storage, commit, id16, person, town, work};
use crate::storage::{
    ChangeBy, NewAssignment, NewChange, NewDuty, NewPerson, NewRateCount, RecordWork, Role,
    StorageError, WorkSpan,
};

/// An hour, in milliseconds.
const HOUR: i64 = 3_600_000;

fn node(id: u8) -> OrgNodeId {
    OrgNodeId::from_bytes(id16(id))
}

fn hours(from: i64, until: i64) -> Shift {
    Shift {
        starts_at: NOW.plus_millis(from * HOUR),
        ends_at: NOW.plus_millis(until * HOUR),
    }
}

fn duty(id: u8, place: u8, who: u8, shift: Shift, planner: u8) -> NewDuty {
    NewDuty {
        id: DutyId::from_bytes(id16(id)),
        node: node(place),
        person: person(who),
        shift,
        note: "一楼大厅".to_owned(),
        planned_by: person(planner),
        at: NOW,
    }
}

pub(super) async fn a_duty_is_planned_by_its_desk_once_per_person_and_hour(storage: &dyn Storage) {
    town(storage).await;
    let plan = async |new: NewDuty| storage.plan_duty(&new).await;
    plan(duty(30, 2, 10, hours(0, 9), 12)).await.unwrap();
    plan(duty(31, 5, 11, hours(9, 18), 12)).await.unwrap();
    // The same person at the same time, wherever that is.
    let twice = plan(duty(32, 5, 10, hours(8, 10), 12)).await;
    assert!(
        matches!(twice, Err(StorageError::Taken("duty"))),
        "{twice:?}"
    );
    plan(duty(32, 2, 10, hours(9, 10), 12)).await.unwrap();
    // A worker plans nothing, and nobody plans for those who do not work there.
    let worker = plan(duty(33, 3, 10, hours(20, 21), 10)).await;
    assert!(matches!(worker, Err(StorageError::Missing("org_node"))));
    let stranger = plan(duty(33, 2, 99, hours(20, 21), 12)).await;
    assert!(matches!(stranger, Err(StorageError::Missing("person"))));
    let nowhere = plan(duty(33, 77, 10, hours(20, 21), 12)).await;
    assert!(matches!(nowhere, Err(StorageError::Missing("org_node"))));
    let list = async |viewer: u8, within: Shift| -> Vec<u8> {
        let duties = storage.list_duties(&person(viewer), NOW, within).await;
        let duties = duties.unwrap();
        duties.iter().map(|one| one.id.as_bytes()[0]).collect()
    };
    assert_eq!(list(12, hours(0, 24)).await, [30, 32, 31]);
    assert_eq!(
        list(12, hours(9, 10)).await,
        [32, 31],
        "ends are not included"
    );
    // A worker sees the own ones, also those of a place above the grid.
    assert_eq!(list(10, hours(0, 24)).await, [30, 32]);
    let found = storage.list_duties(&person(12), NOW, hours(0, 1)).await;
    let found = found.unwrap();
    assert_eq!(found[0].person_name, "人10");
    assert_eq!(
        (found[0].node_name.as_str(), found[0].may_plan),
        ("地2", true)
    );
    let id = DutyId::from_bytes(id16(30));
    let theirs = storage.cancel_duty(&id, &person(10), NOW).await;
    assert!(matches!(theirs, Err(StorageError::Missing("duty"))));
    storage.cancel_duty(&id, &person(12), NOW).await.unwrap();
    let again = storage.cancel_duty(&id, &person(12), NOW).await;
    assert!(matches!(again, Err(StorageError::Missing("duty"))));
    assert_eq!(list(12, hours(0, 24)).await, [32, 31]);
    // What was taken back is no duty in the way of another.
    plan(duty(34, 5, 10, hours(0, 9), 12)).await.unwrap();
}

pub(super) async fn rates_are_counted_where_somebody_counted(storage: &dyn Storage) {
    town(storage).await;
    let today = CivilDay::of(NOW);
    let count = |id: u8, place: u8, rate, part, whole, who: u8| NewRateCount {
        id: RateCountId::from_bytes(id16(id)),
        node: node(place),
        count: RateCount {
            rate,
            day: today,
            part,
            whole,
            note: String::new(),
        },
        person: person(who),
        at: NOW,
    };
    let enter = async |new: NewRateCount| storage.create_rate_count(&new).await;
    enter(count(30, 3, DutyRate::Recognition, 17, 20, 12))
        .await
        .unwrap();
    enter(count(31, 4, DutyRate::Recognition, 5, 10, 12))
        .await
        .unwrap();
    enter(count(32, 2, DutyRate::Premises, 3, 12, 12))
        .await
        .unwrap();
    let theirs = enter(count(33, 3, DutyRate::Satisfaction, 1, 1, 10)).await;
    assert!(matches!(theirs, Err(StorageError::Missing("org_node"))));
    let days = |first: i32, last: i32| WorkSpan {
        first: today.plus(first),
        last: today.plus(last),
    };
    let rates = async |viewer: u8, place: u8, span: WorkSpan| {
        let found = storage
            .find_rates(&person(viewer), NOW, &node(place), span)
            .await;
        let rows = found.unwrap()?;
        let rows = rows.into_iter().map(|row| {
            let figures = row.rates.map(|Figure { part, whole }| (part, whole));
            (row.node.as_bytes()[0], figures)
        });
        Some(rows.collect::<Vec<_>>())
    };
    let none = (0, 0);
    assert_eq!(
        rates(12, 2, days(0, 0)).await.unwrap(),
        [
            (2, [(22, 30), none, none, (3, 12)]),
            (3, [(17, 20), none, none, none]),
            (4, [(5, 10), none, none, none]),
        ]
    );
    // Nothing was counted there or then: no rate, and not nought.
    assert_eq!(
        rates(12, 5, days(0, 0)).await.unwrap(),
        [(5, [none; 4]), (6, [none; 4])]
    );
    let before = rates(12, 2, days(-9, -1)).await.unwrap();
    assert_eq!(before[0], (2, [none; 4]));
    assert_eq!(
        rates(10, 2, days(0, 0)).await,
        None,
        "not a worker's to see"
    );
    let counts = storage.list_rate_counts(&person(12), NOW, days(0, 0)).await;
    assert_eq!(counts.unwrap().len(), 3);
    let id = RateCountId::from_bytes(id16(31));
    let theirs = storage.withdraw_rate_count(&id, &person(10), NOW).await;
    assert!(matches!(theirs, Err(StorageError::Missing("rate_count"))));
    storage
        .withdraw_rate_count(&id, &person(12), NOW)
        .await
        .unwrap();
    let left = rates(12, 2, days(0, 0)).await.unwrap();
    assert_eq!(left[0].1[0], (17, 20));
    let later: Timestamp = NOW.plus_millis(HOUR);
    let again = storage.withdraw_rate_count(&id, &person(12), later).await;
    assert!(matches!(again, Err(StorageError::Missing("rate_count"))));
}

pub(super) async fn where_workers_last_were_is_of_today_and_coarse(storage: &dyn Storage) {
    town(storage).await;
    let visit = |id: u8, place: u8, who: u8, minutes: i64, longitude: f64| {
        let set = |path: &str, value| FieldEdit::set(FieldPath::new(path).unwrap(), value);
        let at = NOW.plus_millis(minutes * 60_000);
        let fields = [
            set("visitor", FieldValue::text(person(who).to_string())),
            set("started_at", FieldValue::Time(at)),
            set("point.longitude", FieldValue::Number(longitude)),
            set("point.latitude", FieldValue::Number(36.675_807)),
        ];
        let mut document = RecordDocument::new(RecordKind::Visit);
        let author = ActorId::from_bytes(id16(0xac));
        let change = document.edit(&fields, author, NOW).unwrap().unwrap();
        RecordWork {
            id: RecordId::from_bytes(id16(id)),
            kind: RecordKind::Visit,
            saved: document.save(),
            heads: document.heads(),
            summary: document.summary(),
            changes: vec![NewChange::written(0, change, author, ChangeBy::Sender)],
            ..work(None, id, place, 0, "501")
        }
    };
    let works = vec![
        visit(40, 3, 10, 10, 117.000_923),
        visit(41, 3, 10, 5, 117.1),
        // Of a phone whose clock is a day ahead.
        visit(42, 3, 10, 1_500, 117.2),
        visit(43, 6, 11, 20, 117.3),
    ];
    storage.commit(commit(works, None)).await.unwrap();
    let later = NOW.plus_millis(HOUR);
    while storage.count_visits(50, later).await.unwrap() > 0 {}
    let spots = async |viewer: u8, since: Timestamp, at: Timestamp| {
        let found = storage.list_worker_spots(&person(viewer), at, since).await;
        let found = found.unwrap().into_iter();
        found
            .map(|spot| {
                let minutes = (spot.at.as_millis() - NOW.as_millis()) / 60_000;
                let tenths = (spot.longitude * 10_000.0).round();
                (spot.person_name, minutes, tenths / 10_000.0)
            })
            .collect::<Vec<_>>()
    };
    let ten = ("人10".to_owned(), 10, 117.001);
    let eleven = ("人11".to_owned(), 20, 117.3);
    assert_eq!(spots(12, NOW, later).await, [eleven, ten.clone()]);
    // A worker sees the own place alone, and what was before is not shown.
    assert_eq!(spots(10, NOW, later).await, std::slice::from_ref(&ten));
    assert_eq!(spots(12, later, later).await, []);
    // Whoever only assesses sees that somebody was there.
    let assessor = NewPerson {
        id: person(13),
        name: "考评".to_owned(),
        username: None,
        phone: String::new(),
        trained_on: NOW.to_china_date(),
        created_at: NOW,
    };
    let assignment = NewAssignment {
        id: AssignmentId::from_bytes(id16(13)),
        person: person(13),
        node: node(1),
        role: Role::Assessor,
        full_time: true,
        reserve: false,
        duties: Vec::new(),
        valid_from: NOW,
    };
    storage
        .create_people(&[assessor], &[assignment])
        .await
        .unwrap();
    let masked = |minutes: i64, longitude: f64| ("人**".to_owned(), minutes, longitude);
    let seen = [masked(20, 117.3), masked(10, 117.001)];
    assert_eq!(spots(13, NOW, later).await, seen);
    // A day later nothing of it is kept.
    let next = NOW.plus_millis(30 * HOUR);
    storage.count_visits(50, next).await.unwrap();
    assert_eq!(spots(12, NOW, next).await, []);
}
