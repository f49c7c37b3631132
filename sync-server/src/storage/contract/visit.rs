//! Visits that count: coverage and campaigns.

use wangge_model::{
    CampaignId, CivilDay, FieldPath, FieldValue, GridId, OrgNodeId, RecordId, RecordKind,
    Timestamp,
    document::{FieldEdit, RecordDocument},
    reference::VISIT_RULES,
    visit_plan::{Campaign, CheckItem, Period},
};

use super::{
    ActorId, NOW, NewChange, RecordWork, Storage, StorageError, StoredRecord, commit, find, grid,
    id16, person, town,
};
use crate::storage::{
    ChangeBy, CoverageRow, HouseholdChoice, NewCampaign, NewMove, NewReference, period_number,
};

const MINUTE: i64 = 60_000;
pub(super) const DAY: i64 = 24 * 60 * MINUTE;

pub(super) fn record(id: u8) -> RecordId {
    RecordId::from_bytes(id16(id))
}

pub(super) fn text(path: &str, value: &str) -> FieldEdit {
    FieldEdit::set(FieldPath::new(path).unwrap(), FieldValue::text(value))
}

fn time(path: &str, value: Timestamp) -> FieldEdit {
    FieldEdit::set(FieldPath::new(path).unwrap(), FieldValue::Time(value))
}

/// Edits of a record, computed from `base`.
pub(super) fn work(
    base: Option<&StoredRecord>,
    id: u8,
    kind: RecordKind,
    place: u8,
    edits: &[FieldEdit],
) -> RecordWork {
    let mut document = match base {
        None => RecordDocument::new(kind),
        Some(stored) => RecordDocument::load(kind, Some(&stored.document), []).unwrap(),
    };
    let actor = ActorId::from_bytes(id16(0xac));
    let change = document.edit(edits, actor, NOW).unwrap().unwrap();
    RecordWork {
        id: record(id),
        kind,
        grid: grid(place),
        record_epoch: 0,
        base_version: base.map_or(0, |stored| stored.version),
        base_heads: base.map(|stored| stored.heads.clone()).unwrap_or_default(),
        saved: document.save(),
        heads: document.heads(),
        summary: document.summary(),
        changes: vec![NewChange::written(0, change, actor, ChangeBy::Sender)],
        quarantine: Vec::new(),
        numbering: None,
    }
}

/// A visit that counts, begun this long after [`NOW`].
pub(super) fn met(household: u8, after: i64) -> Vec<FieldEdit> {
    let start = NOW.plus_millis(after);
    vec![
        text("household", &record(household).to_string()),
        text("kind", "household"),
        text("result", "met"),
        text("distance_reason", "手机无信号"),
        time("started_at", start),
        time("ended_at", start.plus_millis(10 * MINUTE)),
    ]
}

pub(super) async fn put(storage: &dyn Storage, work: RecordWork) {
    storage.commit(commit(vec![work], None)).await.unwrap();
}

pub(super) async fn put_household(storage: &dyn Storage, id: u8, place: u8, ledger: &str) {
    let edits = [text("ledger", ledger)];
    put(
        storage,
        work(None, id, RecordKind::Household, place, &edits),
    )
    .await;
}

pub(super) async fn put_visit(storage: &dyn Storage, id: u8, place: u8, edits: &[FieldEdit]) {
    put(storage, work(None, id, RecordKind::Visit, place, edits)).await;
}

pub(super) async fn change_visit(storage: &dyn Storage, id: u8, edits: &[FieldEdit]) {
    let stored = find(storage, id).await;
    let place = stored.grid.as_bytes()[0];
    let changed = work(Some(&stored), id, RecordKind::Visit, place, edits);
    put(storage, changed).await;
}

pub(super) async fn count_all(storage: &dyn Storage) {
    // One at a time: where a batch ends must not matter.
    while storage.count_visits(1, NOW).await.unwrap() > 0 {}
    assert!(!storage.has_visits_due().await.unwrap());
}

pub(super) fn today() -> CivilDay {
    CivilDay::of(NOW)
}

/// Of each grid in sight: households, visited this month, quarter and year.
pub(super) async fn coverage(storage: &dyn Storage, who: u8, on: CivilDay) -> Vec<(u8, [u64; 4])> {
    let rows = storage.list_coverage(&person(who), NOW, on).await.unwrap();
    let figures = |row: &CoverageRow| [row.households, row.month, row.quarter, row.year];
    rows.iter()
        .map(|row| (row.grid.as_bytes()[0], figures(row)))
        .collect()
}

pub(super) async fn visits_are_counted_by_grid_and_period(storage: &dyn Storage) {
    town(storage).await;
    for (id, place) in [(40, 3), (41, 3), (42, 6)] {
        put_household(storage, id, place, "consistent").await;
    }
    assert!(!storage.has_visits_due().await.unwrap(), "no visit yet");
    put_visit(storage, 50, 3, &met(40, 0)).await;
    put_visit(storage, 51, 3, &met(40, 3 * DAY)).await;
    let mut short = met(41, 0);
    short.push(time("ended_at", NOW.plus_millis(1)));
    put_visit(storage, 52, 3, &short).await;
    assert!(storage.has_visits_due().await.unwrap());
    assert_eq!(
        coverage(storage, 12, today()).await,
        [(3, [2, 0, 0, 0]), (4, [0; 4]), (6, [1, 0, 0, 0])],
        "not before it is counted"
    );
    count_all(storage).await;
    let seen = coverage(storage, 12, today()).await;
    assert_eq!(seen[0], (3, [2, 1, 1, 1]), "the short one does not count");
    let next_month = today().plus_months_start(1);
    let seen = coverage(storage, 12, next_month).await;
    assert_eq!(seen[0], (3, [2, 0, 1, 1]), "by the day that is asked for");
    let next_year = today().plus_months_start(12);
    assert_eq!(coverage(storage, 12, next_year).await[0], (3, [2, 0, 0, 0]));
    let seen = coverage(storage, 11, today()).await;
    let places: Vec<u8> = seen.iter().map(|(place, _)| *place).collect();
    assert_eq!(places, [3, 4], "as far as the scope goes");

    // A correction, and a correction to another household.
    change_visit(
        storage,
        52,
        &[time("ended_at", NOW.plus_millis(5 * MINUTE))],
    )
    .await;
    count_all(storage).await;
    assert_eq!(coverage(storage, 12, today()).await[0], (3, [2, 2, 2, 2]));
    change_visit(storage, 52, &[text("household", &record(40).to_string())]).await;
    count_all(storage).await;
    assert_eq!(coverage(storage, 12, today()).await[0], (3, [2, 1, 1, 1]));

    // The household moves: what was visited goes with it.
    let moved = NewMove {
        record: record(40),
        to: grid(6),
        person: None,
        at: NOW,
        moves: None,
    };
    storage.move_record(moved).await.unwrap();
    count_all(storage).await;
    let seen = coverage(storage, 12, today()).await;
    assert_eq!((seen[0].1, seen[2].1), ([1, 0, 0, 0], [2, 1, 1, 1]));
}

pub(super) async fn a_household_that_arrives_after_its_visit_is_counted(storage: &dyn Storage) {
    town(storage).await;
    put_visit(storage, 50, 3, &met(40, 0)).await;
    count_all(storage).await;
    assert_eq!(coverage(storage, 10, today()).await, [(3, [0; 4])]);
    put_household(storage, 40, 3, "consistent").await;
    count_all(storage).await;
    assert_eq!(coverage(storage, 10, today()).await, [(3, [1; 4])]);
}

pub(super) async fn rules_that_change_judge_visits_again(storage: &dyn Storage) {
    town(storage).await;
    for (household, visit, place) in [(40, 50, 3), (41, 51, 3), (42, 52, 6)] {
        put_household(storage, household, place, "consistent").await;
        put_visit(storage, visit, place, &met(household, 0)).await;
    }
    count_all(storage).await;
    let rules = |node: u8, body: Option<&str>| NewReference {
        name: VISIT_RULES.to_owned(),
        node: OrgNodeId::from_bytes(id16(node)),
        body: body.map(|body| body.as_bytes().to_vec()),
        person: None,
        at: NOW,
    };
    let strict = "{\"validity\":{\"min_duration_s\":3600}}";
    let new = rules(2, Some(strict));
    assert_eq!(storage.publish_references(&[new]).await.unwrap(), 1);
    assert!(storage.has_visits_due().await.unwrap());
    count_all(storage).await;
    let seen = coverage(storage, 12, today()).await;
    assert_eq!(seen[0], (3, [2, 0, 0, 0]), "below the place");
    assert_eq!(seen[2], (6, [1, 1, 1, 1]), "and not beside it");
    storage.publish_references(&[rules(2, None)]).await.unwrap();
    count_all(storage).await;
    assert_eq!(coverage(storage, 12, today()).await[0], (3, [2, 2, 2, 2]));
}

fn campaign(id: u8, households: &[u8]) -> NewCampaign {
    NewCampaign {
        id: CampaignId::from_bytes(id16(id)),
        title: "燃气安全排查".to_owned(),
        note: String::new(),
        kind: "campaign".to_owned(),
        starts_on: today(),
        ends_on: today().plus(14),
        checks: vec![CheckItem {
            id: "1".to_owned(),
            text: "软管".to_owned(),
        }],
        households: households.iter().map(|id| record(*id)).collect(),
        person: person(12),
        at: NOW,
    }
}

fn of_campaign(household: u8, after: i64) -> Vec<FieldEdit> {
    let mut edits = met(household, after);
    edits.push(text("kind", "campaign"));
    edits
}

/// The households a phone of a grid is told to visit.
async fn asked_of(storage: &dyn Storage, place: u8) -> Vec<u8> {
    let grids: [GridId; 1] = [grid(place)];
    let stamps = storage.list_reference_stamps(&grids).await.unwrap();
    let sets = storage.load_references(&stamps, usize::MAX).await.unwrap();
    let mut households = Vec::new();
    for (stamp, body) in sets {
        wangge_model::reference::check(&stamp.name, &body).unwrap();
        let campaign: Campaign = serde_json::from_slice(&body).unwrap();
        households.extend(campaign.households.iter().map(|id| id.as_bytes()[0]));
    }
    households
}

pub(super) async fn a_campaign_reaches_phones_and_is_counted_down(storage: &dyn Storage) {
    town(storage).await;
    for (id, place) in [(40, 3), (41, 3), (42, 6)] {
        put_household(storage, id, place, "consistent").await;
    }
    put_visit(storage, 50, 3, &of_campaign(40, 0)).await;
    count_all(storage).await;
    let missing = storage.create_campaign(&campaign(60, &[40, 50])).await;
    assert!(matches!(missing, Err(StorageError::Missing("household"))));
    assert!(
        storage
            .list_campaigns(&person(12), NOW)
            .await
            .unwrap()
            .is_empty()
    );
    storage
        .create_campaign(&campaign(60, &[42, 41, 40]))
        .await
        .unwrap();
    let again = storage.create_campaign(&campaign(60, &[40])).await;
    assert!(matches!(again, Err(StorageError::Taken("campaign"))));
    assert_eq!(asked_of(storage, 3).await, [40, 41]);
    assert_eq!(asked_of(storage, 6).await, [42]);
    assert!(asked_of(storage, 4).await.is_empty());
    let progress = async |who: u8| {
        let id = CampaignId::from_bytes(id16(60));
        let found = storage.find_campaign(&person(who), NOW, &id).await.unwrap();
        found.map(|found| {
            let grid = |grid: &crate::storage::CampaignGrid| {
                (grid.grid.as_bytes()[0], grid.done, grid.households)
            };
            let sum = (found.campaign.done, found.campaign.households);
            (
                sum,
                found.grids.iter().map(grid).collect::<Vec<_>>(),
                found.may_close,
            )
        })
    };
    assert_eq!(
        progress(12).await,
        Some(((1, 3), vec![(3, 1, 2), (6, 0, 1)], true)),
        "a visit of its first day was made before"
    );
    assert_eq!(
        progress(11).await,
        Some(((1, 2), vec![(3, 1, 2)], false)),
        "a part of it lies outside of the scope"
    );
    put_visit(storage, 51, 6, &of_campaign(42, DAY)).await;
    put_visit(storage, 52, 3, &of_campaign(41, 20 * DAY)).await;
    count_all(storage).await;
    let (sum, grids, _) = progress(12).await.unwrap();
    assert_eq!((sum, grids[1]), ((2, 3), (6, 1, 1)), "20 days is too late");

    let moved = NewMove {
        record: record(42),
        to: grid(3),
        person: None,
        at: NOW,
        moves: None,
    };
    storage.move_record(moved).await.unwrap();
    count_all(storage).await;
    assert_eq!(asked_of(storage, 3).await, [40, 41, 42], "it follows");
    assert!(asked_of(storage, 6).await.is_empty());
    assert_eq!(progress(12).await.unwrap().1, [(3, 2, 3)]);

    let id = CampaignId::from_bytes(id16(60));
    let day = today().plus(14);
    assert_eq!(storage.close_campaigns_before(day, NOW).await.unwrap(), 0);
    assert!(storage.close_campaign(&id, &person(12), NOW).await.unwrap());
    assert!(!storage.close_campaign(&id, &person(12), NOW).await.unwrap());
    assert!(
        asked_of(storage, 3).await.is_empty(),
        "taken from the phones"
    );
    assert_eq!(progress(12).await.unwrap().0, (2, 3), "and kept here");
    let unknown = CampaignId::from_bytes(id16(61));
    let closed = storage.close_campaign(&unknown, &person(12), NOW).await;
    assert!(matches!(closed, Err(StorageError::Missing("campaign"))));
    storage.create_campaign(&campaign(62, &[40])).await.unwrap();
    assert_eq!(
        storage
            .close_campaigns_before(day.plus(1), NOW)
            .await
            .unwrap(),
        1
    );
    assert!(asked_of(storage, 3).await.is_empty());
    let listed = storage.list_campaigns(&person(12), NOW).await.unwrap();
    assert!(listed.len() == 2 && listed.iter().all(|one| one.closed_at.is_some()));
}

pub(super) async fn households_are_chosen_by_place_ledger_and_visits(storage: &dyn Storage) {
    town(storage).await;
    for (id, place, ledger) in [
        (40, 3, "consistent"),
        (41, 3, "tenant"),
        (42, 4, "tenant"),
        (43, 6, "tenant"),
    ] {
        put_household(storage, id, place, ledger).await;
    }
    put_visit(storage, 50, 3, &met(41, 0)).await;
    count_all(storage).await;
    let all = HouseholdChoice {
        limit: 100,
        ..HouseholdChoice::default()
    };
    let chosen = async |who: u8, choice: &HouseholdChoice| {
        let found = storage.choose_households(&person(who), NOW, choice).await;
        let ids = found.unwrap();
        ids.iter().map(|id| id.as_bytes()[0]).collect::<Vec<_>>()
    };
    assert_eq!(chosen(12, &all).await, [40, 41, 42, 43]);
    assert!(chosen(10, &all).await.is_empty(), "a worker makes none");
    let below = HouseholdChoice {
        node: Some(OrgNodeId::from_bytes(id16(2))),
        ledger: Some("tenant".to_owned()),
        ..all.clone()
    };
    assert_eq!(chosen(12, &below).await, [41, 42]);
    let unvisited = HouseholdChoice {
        not_visited_in: period_number(Period::Month, today()),
        ..below.clone()
    };
    assert_eq!(chosen(12, &unvisited).await, [42]);
    let one = HouseholdChoice { limit: 1, ..all };
    assert_eq!(chosen(12, &one).await, [40]);
}
