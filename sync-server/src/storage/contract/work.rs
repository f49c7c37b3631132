//! What was done: sums by day, figures, open matters, the register of screenings.

use wangge_model::{CivilDay, PersonId, RecordKind};

use super::{NOW, Storage, grid, person, town, town_with_phone, visit};
use crate::storage::{ScreeningFilter, ScreeningKind, ScreeningTopic, WorkSpan};

fn today() -> CivilDay {
    CivilDay::of(NOW)
}

fn days(first: i32, last: i32) -> WorkSpan {
    WorkSpan {
        first: today().plus(first),
        last: today().plus(last),
    }
}

async fn index_all(storage: &dyn Storage) {
    while storage.index_some(1).await.unwrap() {}
}

fn by(who: u8) -> wangge_model::document::FieldEdit {
    visit::text("visitor", &person(who).to_string())
}

pub(super) async fn what_is_handed_in_is_summed_by_day_grid_and_person(storage: &dyn Storage) {
    town_with_phone(storage).await;
    visit::put_household(storage, 40, 3, "consistent").await;
    visit::put_household(storage, 41, 3, "consistent").await;
    visit::put_visit(storage, 50, 3, &visit::met(40, 0)).await;
    // The same visit again, corrected: one visit, entered once.
    visit::change_visit(storage, 50, &[visit::text("diary", "老人身体好")]).await;
    visit::put_visit(storage, 51, 6, &visit::met(40, 0)).await;
    let work = async |who: u8, span: WorkSpan| {
        let rows = storage.list_work(&person(who), NOW, span).await.unwrap();
        let rows = rows.into_iter().map(|row| {
            let sums = [row.days, row.households, row.visits, row.incidents];
            let key = (row.grid.as_bytes()[0], row.person.as_bytes()[0]);
            (key, row.is_member, sums)
        });
        rows.collect::<Vec<_>>()
    };
    // The street's desk sees both grids; who works in neither place counts there
    // as somebody else.
    assert_eq!(
        work(12, days(0, 0)).await,
        [
            ((3, 10), true, [1, 2, 1, 0]),
            ((6, 10), false, [1, 0, 1, 0])
        ]
    );
    assert_eq!(
        work(12, days(1, 7)).await,
        [((3, 10), true, [0, 0, 0, 0])],
        "nothing came, and something should"
    );
    assert_eq!(
        work(10, days(0, 6)).await,
        [((3, 10), true, [1, 2, 1, 0])],
        "the own line"
    );
    let rows = storage
        .list_work(&person(12), NOW, days(0, 0))
        .await
        .unwrap();
    assert_eq!(rows[0].person_name, "人10");
    assert_eq!(rows[0].last_seen_at, Some(NOW), "enrolled then");
}

pub(super) async fn figures_count_households_days_and_what_is_overdue(storage: &dyn Storage) {
    town(storage).await;
    for household in [40, 41] {
        visit::put_household(storage, household, 3, "consistent").await;
    }
    let on = |offset: i32| today().plus(offset).to_string();
    for (id, household, after, more) in [
        (50, 40, 0, vec![by(10), visit::text("follow_up_on", &on(2))]),
        (51, 41, 0, vec![by(10)]),
        (52, 41, visit::DAY, vec![by(10)]),
        (
            53,
            41,
            visit::DAY,
            vec![by(11), visit::text("promises.p.due_on", &on(1))],
        ),
    ] {
        let mut edits = visit::met(household, after);
        edits.extend(more);
        visit::put_visit(storage, id, 3, &edits).await;
    }
    visit::count_all(storage).await;
    let figures = async |who: u8, span: WorkSpan| {
        let rows = storage.list_worker_figures(&person(who), NOW, span).await;
        let rows = rows.unwrap().into_iter().map(|row| {
            let sums = [row.households, row.days_out, row.visits, row.overdue];
            (row.person.as_bytes()[0], sums)
        });
        rows.collect::<Vec<_>>()
    };
    assert_eq!(
        figures(12, days(0, 1)).await,
        [(10, [2, 2, 3, 0]), (11, [1, 1, 1, 0])],
        "not due yet"
    );
    assert_eq!(
        figures(12, days(0, 5)).await,
        [(10, [2, 2, 3, 1]), (11, [1, 1, 1, 1])]
    );
    assert_eq!(
        figures(10, days(0, 5)).await,
        [(10, [2, 2, 3, 1])],
        "the own ones"
    );
    // Somebody came back on the day: done. A promise is kept by saying so.
    let mut edits = visit::met(40, 2 * visit::DAY);
    edits.push(by(11));
    visit::put_visit(storage, 54, 3, &edits).await;
    visit::change_visit(storage, 53, &[visit::text("promises.p.kept_on", &on(3))]).await;
    visit::count_all(storage).await;
    assert_eq!(
        figures(12, days(0, 5)).await,
        [(10, [2, 2, 3, 0]), (11, [2, 2, 2, 0])]
    );
}

pub(super) async fn open_matters_are_told_by_grid(storage: &dyn Storage) {
    town(storage).await;
    visit::put_household(storage, 40, 3, "consistent").await;
    let mut edits = visit::met(40, 0);
    edits.extend([
        by(10),
        visit::text("demands", "recorded"),
        visit::text("opinions.a.category", "city"),
        visit::text("opinions.b.category", "city"),
        visit::text("opinions.b.done_on", &today().to_string()),
    ]);
    visit::put_visit(storage, 50, 3, &edits).await;
    let hazard = [
        visit::text("name", "便利店"),
        visit::text("hazards.h.kind", "02"),
        visit::text("hazards.h.found_on", &today().to_string()),
        visit::text("hazards.h.fix_by", &today().plus(3).to_string()),
    ];
    visit::put(
        storage,
        visit::work(None, 60, RecordKind::Place, 3, &hazard),
    )
    .await;
    visit::count_all(storage).await;
    index_all(storage).await;
    let matters = async |span: WorkSpan| {
        let rows = storage.list_matters(&person(12), NOW, span).await.unwrap();
        assert_eq!(rows.len(), 3, "every grid of the street");
        let found = rows.into_iter().find(|row| row.grid == grid(3));
        found.unwrap()
    };
    let week = matters(days(0, 6)).await;
    assert_eq!((week.households, week.visited, week.visits), (1, 1, 1));
    assert_eq!(week.open_demands, 1);
    assert_eq!((week.opinions[0].heard, week.opinions[0].settled), (2, 1));
    assert_eq!(
        (week.hazards_found, week.hazards_open, week.rechecks_due),
        (1, 1, 1)
    );
    let day = matters(days(0, 0)).await;
    assert_eq!((day.hazards_open, day.rechecks_due), (1, 0));
    let next = matters(days(7, 13)).await;
    assert_eq!(
        (next.visits, next.hazards_found, next.hazards_open),
        (0, 0, 1)
    );
    // Who only works there does not see the sheet.
    let none = storage.list_matters(&person(10), NOW, days(0, 6)).await;
    assert!(none.unwrap().is_empty());
}

pub(super) async fn everything_screened_is_one_list_within_scope(storage: &dyn Storage) {
    use ScreeningKind::{Hazard, Incident, Visit};

    town(storage).await;
    visit::put_household(storage, 40, 3, "consistent").await;
    let mut edits = visit::met(40, 0);
    edits.push(by(10));
    visit::put_visit(storage, 50, 3, &edits).await;
    visit::put_visit(storage, 51, 6, &visit::met(40, -visit::DAY)).await;
    let hazard = [
        visit::text("name", "便利店"),
        visit::text("hazards.h.kind", "02"),
        visit::text("hazards.h.found_on", &today().plus(-1).to_string()),
    ];
    visit::put(
        storage,
        visit::work(None, 60, RecordKind::Place, 3, &hazard),
    )
    .await;
    let report = [visit::text("title", "路灯不亮")];
    visit::put(
        storage,
        visit::work(None, 70, RecordKind::Incident, 3, &report),
    )
    .await;
    visit::count_all(storage).await;
    index_all(storage).await;
    let base = ScreeningFilter {
        span: days(-6, 0),
        grid: None,
        kind: None,
        topic: None,
        person: None,
        offset: 0,
        limit: 10,
    };
    let list = async |who: u8, filter: &ScreeningFilter| {
        let page = storage
            .list_screenings(&person(who), NOW, filter)
            .await
            .unwrap();
        let rows = page
            .rows
            .into_iter()
            .map(|row| (row.kind, row.record.as_bytes()[0]));
        (page.total, rows.collect::<Vec<_>>())
    };
    let all = vec![(Visit, 50), (Incident, 70), (Visit, 51), (Hazard, 60)];
    assert_eq!(list(12, &base).await, (4, all));
    let own = vec![(Visit, 50), (Incident, 70), (Hazard, 60)];
    assert_eq!(list(10, &base).await, (3, own));
    let narrowed = async |change: &dyn Fn(&mut ScreeningFilter)| {
        let mut filter = base.clone();
        change(&mut filter);
        list(12, &filter).await
    };
    assert_eq!(
        narrowed(&|f| f.kind = Some(Hazard)).await,
        (1, vec![(Hazard, 60)])
    );
    assert_eq!(
        narrowed(&|f| f.grid = Some(grid(6))).await,
        (1, vec![(Visit, 51)])
    );
    assert_eq!(
        narrowed(&|f| f.person = Some(person(10))).await,
        (1, vec![(Visit, 50)])
    );
    assert_eq!(narrowed(&|f| f.span = days(-6, -1)).await.0, 2);
    let second = narrowed(&|f| (f.offset, f.limit) = (1, 2)).await;
    assert_eq!(second, (4, vec![(Incident, 70), (Visit, 51)]));
    let page = storage
        .list_screenings(&person(12), NOW, &base)
        .await
        .unwrap();
    assert_eq!(page.rows[0].person_name, "人10");
    assert_eq!(page.rows[3].title, "便利店");
    assert_eq!(page.rows[3].state, "open");
    // Who keeps the system sees none of it.
    let nobody = PersonId::from_bytes([99; 16]);
    let none = storage.list_screenings(&nobody, NOW, &base).await.unwrap();
    assert_eq!(none.total, 0);
}

pub(super) async fn the_register_is_narrowed_to_each_of_the_four_kinds(storage: &dyn Storage) {
    town(storage).await;
    visit::put_household(storage, 40, 3, "consistent").await;
    for (id, kind) in [(50, "dispute"), (51, "care"), (52, "household")] {
        let mut edits = visit::met(40, 0);
        edits.push(visit::text("kind", kind));
        visit::put_visit(storage, id, 3, &edits).await;
    }
    let hazard = [
        visit::text("name", "便利店"),
        visit::text("hazards.h.kind", "02"),
        visit::text("hazards.h.found_on", &today().to_string()),
    ];
    visit::put(
        storage,
        visit::work(None, 60, RecordKind::Place, 3, &hazard),
    )
    .await;
    for (id, class) in [
        (70, "100299"),
        (71, "2001"),
        (72, "3001"),
        (73, "6001"),
        (74, "4006"),
    ] {
        let report = [visit::text("title", "一"), visit::text("category", class)];
        visit::put(
            storage,
            visit::work(None, id, RecordKind::Incident, 3, &report),
        )
        .await;
    }
    visit::count_all(storage).await;
    index_all(storage).await;
    let of = async |topic: ScreeningTopic| {
        let filter = ScreeningFilter {
            span: days(0, 0),
            grid: None,
            kind: None,
            topic: Some(topic),
            person: None,
            offset: 0,
            limit: 20,
        };
        let page = storage
            .list_screenings(&person(12), NOW, &filter)
            .await
            .unwrap();
        let rows = page.rows.iter().map(|row| row.record.as_bytes()[0]);
        rows.collect::<Vec<_>>()
    };
    assert_eq!(of(ScreeningTopic::Dispute).await, [50, 70]);
    assert_eq!(of(ScreeningTopic::Order).await, [71]);
    assert_eq!(of(ScreeningTopic::Safety).await, [60, 72]);
    assert_eq!(of(ScreeningTopic::Care).await, [51, 73]);
}
