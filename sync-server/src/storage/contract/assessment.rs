//! Assessment: counting, the rows behind each number, months that were frozen,
//! ratings, and what comes up again and again.

use std::collections::BTreeSet;

use wangge_model::{
    ActorId, AssessmentFreezeId, AssessmentRatingId, AssignmentId, CivilDay, FieldPath, FieldValue,
    OrgNodeId, RecordKind, Role, Timestamp,
    assessment::{
        AssessmentList, AssessmentPeriod, CaseFact, Figure, Formula, FormulaLimits, ProblemKind,
        RowKind,
    },
    document::{FieldEdit, RecordDocument},
    visit_plan::Period,
};

use super::{NOW, RecordWork, Storage, StorageError, commit, grid, id16, person, town, visit};
use crate::storage::{
    ChangeBy, FigurePart, FigureQuery, FigureRowQuery, FigureSubject, NewAssignment, NewChange,
    NewFreeze, NewMove, NewPerson, NewRating, WorkSpan, YearOnYear,
};

/// What is known of an incident of these tests.
#[derive(Default)]
struct Story {
    id: u8,
    grid: u8,
    class: &'static str,
    source: &'static str,
    /// A household it is about.
    household: u8,
    /// Decisions: verb, state after it, who, minutes after [`NOW`].
    steps: Vec<(&'static str, &'static str, u8, i64)>,
    /// Minutes after [`NOW`].
    due: Option<i64>,
    rating: i64,
    refusals: i64,
    reopened: i64,
    is_emergency: bool,
}

fn minute(minutes: i64) -> Timestamp {
    NOW.plus_millis(minutes * 60_000)
}

fn set(path: &str, value: FieldValue) -> FieldEdit {
    FieldEdit::set(FieldPath::new(path).unwrap(), value)
}

fn word(path: &str, text: &str) -> FieldEdit {
    set(path, FieldValue::text(text))
}

impl Story {
    /// Filed by the desk after so many minutes, in grid 3, class 4006.
    fn filed(id: u8, after: i64) -> Self {
        Self {
            id,
            grid: 3,
            class: "4006",
            source: "patrol",
            steps: vec![("file", "filed", 11, after)],
            ..Self::default()
        }
    }

    fn then(mut self, steps: &[(&'static str, &'static str, u8, i64)]) -> Self {
        self.steps.extend_from_slice(steps);
        self
    }

    fn work(&self) -> (RecordWork, Option<CaseFact>) {
        let mut document = RecordDocument::new(RecordKind::Incident);
        let author = ActorId::from_bytes(id16(0xac));
        let mut people = vec![
            word("title", "路灯不亮"),
            word("category", self.class),
            word("source", self.source),
        ];
        if self.household > 0 {
            let household = visit::record(self.household).to_string();
            people.push(word("household", &household));
        }
        let first = document.edit(&people, author, NOW).unwrap().unwrap();
        let mut case = vec![
            word("case.number", &format!("SJ{}", self.id)),
            word("case.reporter", &person(10).to_string()),
        ];
        let mut from = "reported";
        for (version, (verb, to, who, after)) in (1_i64..).zip(&self.steps) {
            let at = |field: &str| format!("timeline.{version:06}-00000000.{field}");
            case.extend([
                set(&at("version"), FieldValue::Integer(version)),
                word(&at("verb"), verb),
                word(&at("person"), &person(*who).to_string()),
                set(&at("at"), FieldValue::Time(minute(*after))),
                word(&at("from"), from),
                word(&at("to"), to),
            ]);
            from = to;
        }
        let number = |path: &str, value: i64| set(path, FieldValue::Integer(value));
        case.extend([
            word("case.stage", from),
            number("case.version", i64::try_from(self.steps.len()).unwrap()),
            word("case.limit", "1d"),
            set("case.started_at", FieldValue::Time(NOW)),
        ]);
        if let Some(due) = self.due {
            case.push(set("case.due_at", FieldValue::Time(minute(due))));
        }
        let ended = self
            .steps
            .iter()
            .rev()
            .find(|(verb, ..)| ["hand_in", "verify_fail", "reopen"].contains(verb));
        if let Some(("hand_in", _, _, after)) = ended {
            case.push(set("case.ended_at", FieldValue::Time(minute(*after))));
        }
        for (path, value) in [
            ("case.rating", self.rating),
            ("case.refusals", self.refusals),
            ("case.reopened", self.reopened),
        ] {
            if value > 0 {
                case.push(number(path, value));
            }
        }
        if self.is_emergency {
            case.push(word("case.urgency", "emergency"));
        }
        document
            .edit_as_server(&case, ActorId::from_bytes(id16(0xad)), NOW)
            .unwrap();
        let fact = CaseFact::of(&document.read());
        let work = RecordWork {
            id: visit::record(self.id),
            kind: RecordKind::Incident,
            saved: document.save(),
            heads: document.heads(),
            summary: document.summary(),
            changes: vec![NewChange::written(0, first, author, ChangeBy::Sender)],
            ..super::work(None, self.id, self.grid, 0, "501")
        };
        (work, fact)
    }
}

async fn read_all(storage: &dyn Storage) {
    // One at a time: where a batch ends must not matter.
    while storage.read_cases(1).await.unwrap() > 0 {}
    assert!(!storage.has_cases_due().await.unwrap());
}

async fn put(storage: &dyn Storage, stories: &[Story]) -> Vec<(u8, Option<CaseFact>)> {
    let mut facts = Vec::new();
    for story in stories {
        let (work, fact) = story.work();
        storage.commit(commit(vec![work], None)).await.unwrap();
        facts.push((story.grid, fact));
    }
    assert!(storage.has_cases_due().await.unwrap());
    read_all(storage).await;
    facts
}

/// What happened in the town in January.
fn stories() -> Vec<Story> {
    let signed = [
        ("assign", "assigned", 11, 20),
        ("sign", "in_progress", 12, 45),
    ];
    let done = [
        ("hand_in", "handled", 12, 60),
        ("verify_pass", "verified", 11, 70),
        ("feedback", "closed", 11, 80),
    ];
    vec![
        Story::filed(50, 0),
        Story {
            due: Some(90),
            rating: 5,
            household: 40,
            ..Story::filed(51, 5).then(&signed).then(&done)
        },
        Story {
            due: Some(50),
            rating: 3,
            source: "hotline",
            household: 40,
            ..Story::filed(52, 1).then(&signed).then(&done)
        },
        Story {
            refusals: 1,
            due: Some(90),
            is_emergency: true,
            ..Story::filed(53, 19).then(&signed)
        },
        Story {
            reopened: 1,
            class: "3001",
            household: 40,
            ..Story::filed(54, 2)
                .then(&signed)
                .then(&[
                    ("hand_in", "handled", 12, 50),
                    ("verify_fail", "in_progress", 11, 55),
                ])
                .then(&done)
                .then(&[("reopen", "in_progress", 11, 200)])
        },
        Story::filed(55, 3).then(&[("void", "void", 11, 4)]),
        Story {
            grid: 6,
            source: "resident",
            ..Story::filed(56, 40).then(&[("assign", "assigned", 11, 100)])
        },
        // Filed a month later, and a year before.
        Story::filed(57, 40 * 24 * 60),
        Story {
            household: 40,
            ..Story::filed(58, -360 * 24 * 60)
        },
        Story {
            steps: Vec::new(),
            ..Story::filed(59, 0)
        },
    ]
}

fn january() -> AssessmentPeriod {
    AssessmentPeriod::month("2026-01-15".parse().unwrap())
}

/// Some days later, so that what was left alone is late.
fn later() -> Timestamp {
    minute(10 * 24 * 60)
}

fn node(id: u8) -> OrgNodeId {
    OrgNodeId::from_bytes(id16(id))
}

fn query(place: u8, period: AssessmentPeriod) -> FigureQuery {
    FigureQuery {
        place: node(place),
        period,
        formulas: Formula::ALL.iter().copied().collect(),
        limits: FormulaLimits::default(),
    }
}

/// A figure of a place, by its rows in the table of the place above.
async fn figure(storage: &dyn Storage, place: u8, formula: Formula) -> Figure {
    let table = storage
        .find_figures(&person(12), later(), &query(place, january()))
        .await
        .unwrap()
        .unwrap();
    table.place.figures[&formula]
}

pub(super) async fn figures_of_incidents_are_what_the_model_judges(storage: &dyn Storage) {
    town(storage).await;
    let facts = put(storage, &stories()).await;
    let first = january().first();
    let of_january =
        |fact: &&CaseFact| (first..=january().last()).contains(&CivilDay::of(fact.filed_at));
    let limits = FormulaLimits::default();
    let table = storage
        .find_figures(&person(12), later(), &query(1, january()))
        .await
        .unwrap()
        .unwrap();
    let places: Vec<u8> = table
        .rows
        .iter()
        .map(|row| row.place.as_bytes()[0])
        .collect();
    assert_eq!(places, [2, 5], "the communities of the street");
    for formula in Formula::ALL {
        if formula.row_kind() != RowKind::Incident {
            continue;
        }
        for (row, grids) in [(&table.rows[0], [3, 4]), (&table.rows[1], [6, 6])] {
            let judged = facts
                .iter()
                .filter(|(grid, _)| grids.contains(grid))
                .filter_map(|(_, fact)| fact.as_ref())
                .filter(of_january)
                .filter_map(|fact| formula.judge(fact, &limits, later()));
            let expected = judged.fold(Figure::default(), |sum, is_part| {
                sum.plus(Figure {
                    part: u64::from(is_part),
                    whole: 1,
                })
            });
            assert_eq!(row.figures[formula], expected, "{formula:?} {}", row.name);
        }
    }
    let of = |formula| table.place.figures[&formula];
    let both = |part, whole| Figure { part, whole };
    // By hand: six were filed in January, two of them closed.
    assert_eq!(of(Formula::Settled), both(2, 6));
    assert_eq!(of(Formula::Satisfied), both(1, 2));
    assert_eq!(of(Formula::SettledInTime), both(1, 3));
    assert_eq!(of(Formula::SignedInTime), both(3, 5));
    assert_eq!(of(Formula::DispatchedInTime), both(4, 6));
    assert_eq!(of(Formula::Verified), both(2, 3));
    assert_eq!(of(Formula::Reopened), both(1, 3));
    assert_eq!(of(Formula::Returned), both(1, 5));
    assert_eq!(of(Formula::Discovered), both(4, 6));
    assert_eq!(of(Formula::ReportingGrids), both(2, 3));
    assert_eq!(of(Formula::ReportingWorkers), both(1, 1));
    // A grid is a place of one row.
    let table = storage
        .find_figures(&person(12), later(), &query(4, january()))
        .await
        .unwrap()
        .unwrap();
    assert_eq!(table.rows.len(), 1);
    assert!(table.rows[0].figures[&Formula::Settled].is_empty());
    assert_eq!(table.rows[0].figures[&Formula::ReportingGrids], both(0, 1));
    // A quarter and a year have what their months have.
    for (kind, filed) in [(Period::Quarter, 7), (Period::Year, 7)] {
        let period = AssessmentPeriod::of(kind, january().first()).unwrap();
        let table = storage
            .find_figures(&person(12), later(), &query(1, period))
            .await
            .unwrap()
            .unwrap();
        assert_eq!(table.place.figures[&Formula::Settled].whole, filed);
    }
    // An incident that moves is counted where it is.
    let moved = NewMove {
        record: visit::record(50),
        to: grid(6),
        person: None,
        at: NOW,
        moves: None,
    };
    storage.move_record(moved).await.unwrap();
    read_all(storage).await;
    assert_eq!(figure(storage, 6, Formula::Settled).await, both(0, 2));
}

pub(super) async fn figures_open_to_their_rows_within_scope(storage: &dyn Storage) {
    town(storage).await;
    visit::put_household(storage, 40, 3, "consistent").await;
    visit::put_household(storage, 41, 3, "consistent").await;
    visit::put_visit(storage, 45, 3, &visit::met(40, 0)).await;
    visit::count_all(storage).await;
    put(storage, &stories()).await;
    let both = |part, whole| Figure { part, whole };
    assert_eq!(figure(storage, 1, Formula::VisitCoverage).await, both(1, 2));
    assert_eq!(
        figure(storage, 1, Formula::VisitsPerWorker).await,
        both(1, 1)
    );
    let rows = async |who: u8, formula: Formula, part: FigurePart, offset: u64, limit: u32| {
        let query = FigureRowQuery {
            place: node(1),
            period: january(),
            formula,
            limits: FormulaLimits::default(),
            part,
            offset,
            limit,
        };
        storage
            .list_figure_rows(&person(who), later(), &query)
            .await
            .unwrap()
    };
    for formula in Formula::ALL {
        let counted = figure(storage, 1, *formula).await;
        let page = |part| rows(12, *formula, part, 0, 50);
        let whole = page(FigurePart::Whole).await.unwrap();
        let part = page(FigurePart::Part).await.unwrap();
        let rest = page(FigurePart::Rest).await.unwrap();
        assert_eq!(part.total, counted.part, "{formula:?}");
        if !formula.is_per_head() {
            assert_eq!(whole.total, counted.whole, "{formula:?}");
        }
        assert_eq!(part.total + rest.total, whole.total, "{formula:?}");
        assert_eq!(whole.rows.len() as u64, whole.total);
        assert!(part.rows.iter().all(|row| row.is_part));
        assert!(rest.rows.iter().all(|row| !row.is_part));
    }
    let settled = rows(12, Formula::Settled, FigurePart::Part, 0, 50).await;
    let settled = settled.unwrap();
    assert_eq!(settled.rows[0].title, "路灯不亮");
    assert_eq!(settled.rows[0].state, "closed");
    assert_eq!(settled.rows[0].grid_name, "地3");
    let paged = rows(12, Formula::Settled, FigurePart::Whole, 5, 2).await;
    let paged = paged.unwrap();
    assert_eq!((paged.total, paged.rows.len()), (6, 1));
    let grids = rows(12, Formula::ReportingGrids, FigurePart::Rest, 0, 9).await;
    assert_eq!(grids.unwrap().rows[0].subject, FigureSubject::Grid(node(4)));
    // Whoever sees a part of the street sees nothing of the whole.
    assert_eq!(
        rows(11, Formula::Settled, FigurePart::Whole, 0, 9).await,
        None
    );
    for (who, place, is_seen) in [
        (11, 2, true),
        (11, 1, false),
        (11, 5, false),
        (10, 3, false),
    ] {
        let found = storage
            .find_figures(&person(who), later(), &query(place, january()))
            .await
            .unwrap();
        assert_eq!(found.is_some(), is_seen, "{who} {place}");
    }
    let places = async |who: u8| {
        let places = storage.list_assessed_places(&person(who), later()).await;
        let places = places.unwrap().into_iter();
        places.map(|node| node.id.as_bytes()[0]).collect::<Vec<_>>()
    };
    assert_eq!(places(12).await, [1, 2, 5]);
    assert_eq!(places(11).await, [2]);
    assert_eq!(places(10).await, [] as [u8; 0]);
}

/// Person 13 assesses the street.
async fn add_assessor(storage: &dyn Storage) {
    let somebody = NewPerson {
        id: person(13),
        name: "考评员".to_owned(),
        username: None,
        phone: String::new(),
        trained_on: NOW.to_china_date(),
        created_at: NOW,
    };
    let works = NewAssignment {
        id: AssignmentId::from_bytes(id16(13)),
        person: person(13),
        node: node(1),
        role: Role::Assessor,
        full_time: true,
        reserve: false,
        duties: Vec::new(),
        valid_from: NOW,
    };
    storage.create_people(&[somebody], &[works]).await.unwrap();
}

pub(super) async fn a_frozen_month_stays_as_it_was(storage: &dyn Storage) {
    town(storage).await;
    add_assessor(storage).await;
    put(storage, &stories()).await;
    let freeze = |id: u8, place: u8, who: Option<u8>| NewFreeze {
        id: AssessmentFreezeId::from_bytes(id16(id)),
        node: node(place),
        month: january(),
        list: AssessmentList::default(),
        version: "v7".to_owned(),
        person: who.map(person),
        at: later(),
    };
    assert!(storage.is_frozen_by_itself(&node(1)).await.unwrap());
    assert!(!storage.is_frozen_by_itself(&node(2)).await.unwrap());
    let unfrozen = || async { storage.list_unfrozen(january()).await.unwrap() };
    assert_eq!(unfrozen().await, [node(1)]);
    for (place, who) in [(1, 12), (2, 13)] {
        let refused = storage.freeze_month(&freeze(70, place, Some(who))).await;
        let refused = matches!(refused, Err(StorageError::Missing("org_node")));
        assert!(refused, "{place} {who}");
    }
    assert!(
        storage
            .freeze_month(&freeze(70, 1, Some(13)))
            .await
            .unwrap()
    );
    assert!(
        !storage.freeze_month(&freeze(71, 1, None)).await.unwrap(),
        "once and for good"
    );
    assert_eq!(unfrozen().await, []);
    let live = async |place: u8| {
        let formulas: BTreeSet<Formula> = AssessmentList::default()
            .of(Period::Month)
            .map(|one| one.formula)
            .collect();
        let query = FigureQuery {
            formulas,
            ..query(place, january())
        };
        storage
            .find_figures(&person(12), later(), &query)
            .await
            .unwrap()
            .unwrap()
    };
    let frozen = async |who: u8, place: u8| {
        storage
            .find_frozen(&person(who), later(), &node(place), january())
            .await
            .unwrap()
    };
    for place in [1, 2, 3] {
        let found = frozen(12, place).await.unwrap();
        assert_eq!(found.table, live(place).await, "as it was counted: {place}");
        assert_eq!((found.version.as_str(), found.at), ("v7", later()));
        assert_eq!(found.person_name, "考评员");
        assert_eq!(found.list, AssessmentList::default());
    }
    // Something is entered afterwards, and a case is taken away.
    let before = frozen(12, 1).await.unwrap();
    put(storage, &[Story::filed(60, 7)]).await;
    let moved = NewMove {
        record: visit::record(51),
        to: grid(6),
        person: None,
        at: NOW,
        moves: None,
    };
    storage.move_record(moved).await.unwrap();
    read_all(storage).await;
    assert_eq!(frozen(12, 1).await.unwrap(), before);
    assert_ne!(live(1).await, before.table, "and what is live moves on");
    assert_eq!(frozen(11, 1).await, None, "out of scope");
    assert!(frozen(11, 2).await.is_some());
    let february = january().next();
    let other = storage
        .find_frozen(&person(12), later(), &node(1), february)
        .await;
    assert_eq!(other.unwrap(), None);
}

pub(super) async fn a_unit_rates_itself_and_its_peers_once(storage: &dyn Storage) {
    town(storage).await;
    let rating = |id: u8, who: u8, rater: u8, unit: u8| NewRating {
        id: AssessmentRatingId::from_bytes(id16(id)),
        period: january(),
        unit: node(unit),
        rater: node(rater),
        points: 90,
        reason: "按时完成走访".to_owned(),
        person: person(who),
        at: NOW,
    };
    let units = async |who: u8| {
        let units = storage
            .list_rateable_units(&person(who), NOW)
            .await
            .unwrap();
        let units = units.into_iter();
        units
            .map(|one| (one.rater.as_bytes()[0], one.unit.as_bytes()[0]))
            .collect::<Vec<_>>()
    };
    assert_eq!(units(11).await, [(2, 2), (2, 5)], "itself first");
    assert_eq!(units(10).await, [], "a worker speaks for no unit");
    for (who, rater, unit) in [(11, 2, 3), (11, 5, 2), (11, 2, 1), (10, 3, 3)] {
        let refused = storage.rate_unit(&rating(80, who, rater, unit)).await;
        let is_refused = matches!(refused, Err(StorageError::Missing("unit")));
        assert!(is_refused, "{who} {rater} {unit}");
    }
    storage.rate_unit(&rating(80, 11, 2, 2)).await.unwrap();
    storage.rate_unit(&rating(81, 11, 2, 5)).await.unwrap();
    let twice = storage.rate_unit(&rating(82, 11, 2, 5)).await;
    assert!(matches!(twice, Err(StorageError::Taken("rating"))));
    let another = NewRating {
        period: january().next(),
        ..rating(82, 11, 2, 5)
    };
    storage.rate_unit(&another).await.unwrap();
    let list = async |who: u8| {
        let ratings = storage.list_ratings(&person(who), NOW, january()).await;
        let ratings = ratings.unwrap().into_iter();
        ratings
            .map(|one| (one.unit.as_bytes()[0], one.is_self()))
            .collect::<Vec<_>>()
    };
    assert_eq!(list(12).await, [(2, true), (5, false)], "the street");
    assert_eq!(list(11).await, [(2, true), (5, false)], "what it gave");
    assert_eq!(list(10).await, []);
}

pub(super) async fn cases_are_compared_found_again_and_traced_to_people(storage: &dyn Storage) {
    town(storage).await;
    visit::put_household(storage, 40, 3, "consistent").await;
    put(storage, &stories()).await;
    let year_before = january().year_before();
    let span = |period: AssessmentPeriod| WorkSpan {
        first: period.first(),
        last: period.last(),
    };
    let days = YearOnYear {
        now: span(january()),
        before: span(year_before),
    };
    let analyse = async |who: u8, place: u8, is_told: bool| {
        storage
            .analyse_cases(&person(who), later(), &node(place), days, is_told)
            .await
            .unwrap()
    };
    let all = analyse(12, 1, false).await.unwrap();
    let classes = all.classes.iter();
    let classes: Vec<_> = classes
        .map(|(class, count)| (class.as_str(), count.now, count.before))
        .collect();
    assert_eq!(classes, [("4006", 5, 1), ("3001", 1, 0)]);
    let places = all.places.iter();
    let places: Vec<_> = places
        .map(|(name, count)| (name.as_str(), count.now, count.before))
        .collect();
    assert_eq!(places, [("地2", 5, 1), ("地5", 1, 0)]);
    let told = analyse(12, 1, true).await.unwrap();
    assert_eq!(told.classes.len(), 1);
    assert_eq!((told.classes[0].1.now, told.classes[0].1.before), (2, 0));
    assert_eq!(analyse(11, 1, false).await, None, "out of scope");

    let repeated = async |who: u8, least: u32| {
        let found = storage
            .list_repetitions(&person(who), later(), &node(1), days.now, least)
            .await
            .unwrap();
        let found = found.into_iter();
        found
            .map(|one| (one.subject.as_bytes()[0], one.class, one.count))
            .collect::<Vec<_>>()
    };
    assert_eq!(
        repeated(12, 2).await,
        [(40, "4006".to_owned(), 2)],
        "the same class at the same household"
    );
    assert_eq!(repeated(12, 3).await, []);
    assert_eq!(repeated(11, 2).await, [], "out of scope");

    let problems = async |who: u8, least: u32| {
        storage
            .list_problems(&person(who), later(), &node(1), days.now, least)
            .await
            .unwrap()
    };
    let found = problems(12, 2).await;
    assert_eq!(found.len(), 1);
    assert_eq!(found[0].person, person(12));
    let kinds: Vec<_> = found[0].problems.iter().map(|one| one.kind).collect();
    assert_eq!(kinds, [ProblemKind::CheckFailed, ProblemKind::Reopened]);
    assert_eq!(found[0].problems[0].number, "SJ54");
    assert!(problems(12, 3).await.is_empty());
    assert!(problems(11, 1).await.is_empty(), "out of scope");
}
