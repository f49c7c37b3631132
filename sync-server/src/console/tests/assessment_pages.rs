//! The pages of assessment with sample data.

use askama::Template as _;
use wangge_model::{
    CivilDay, OrgLevel, OrgNodeId, PersonId, RecordId, RecordKind, Timestamp,
    assessment::{AssessmentList, AssessmentPeriod, Figure, Formula, ProblemKind},
};

use crate::{
    console::{
        assessment::{
            Choice,
            analysis::{AnalysisView, AssessmentAnalysisPage, Found, compared},
            rating::{AssessmentRatingsPage, RatingForm, RatingView, unit_options},
            row::{Asked, AssessmentRowsPage},
            table::{AssessmentPage, Given, TableView},
        },
        page::Page,
    },
    storage::{
        CaseAnalysis, CaseCount, FigurePart, FigureRow, FigureRowPage, FigureSubject, FigureTable,
        FrozenTable, OrgNode, PlaceFigures, Problem, RateableUnit, Rating, Repetition,
        WorkerProblems,
    },
};

const NOW: Timestamp = Timestamp::from_millis(1_767_225_600_000);
const PLACE: OrgNodeId = OrgNodeId::from_bytes([1; 16]);
const GRID: OrgNodeId = OrgNodeId::from_bytes([2; 16]);

fn month() -> AssessmentPeriod {
    AssessmentPeriod::month(CivilDay::of(NOW))
}

fn choice(page: &Page, text: &str) -> Choice {
    let node = OrgNode {
        id: PLACE,
        parent: None,
        level: OrgLevel::County,
        code: Some("370102".to_owned()),
        name: text.to_owned(),
        path: format!("/{}/", "01".repeat(16)),
        attribute: None,
        valid_from: NOW,
        valid_to: None,
    };
    Choice::new(page, vec![node], Some(PLACE), month())
}

fn figures(place: OrgNodeId, level: OrgLevel, text: &str, part: u64) -> PlaceFigures {
    let figure = |(at, formula): (usize, &Formula)| {
        // The first without any case, the others with few and with many.
        let whole = [0, 4, 472_807][at % 3];
        (
            *formula,
            Figure {
                part: part.min(whole),
                whole,
            },
        )
    };
    PlaceFigures {
        place,
        name: text.to_owned(),
        code: text.to_owned(),
        level,
        figures: Formula::ALL.iter().enumerate().map(figure).collect(),
    }
}

fn rating(unit: OrgNodeId, rater: OrgNodeId, text: &str) -> Rating {
    Rating {
        unit,
        unit_name: text.to_owned(),
        rater,
        rater_name: text.to_owned(),
        points: 90,
        reason: text.to_owned(),
        person_name: text.to_owned(),
        at: NOW,
    }
}

/// All of them, by name.
pub(super) fn pages(at: &dyn Fn(&str) -> Page, text: &str) -> Vec<(&'static str, String)> {
    vec![
        ("assessment", table(at("/assessment"), text, false)),
        ("assessment-frozen", table(at("/assessment"), text, true)),
        ("assessment-rows", rows(at("/assessment/rows"), text)),
        (
            "assessment-analysis",
            analysis(at("/assessment/analysis"), text),
        ),
        (
            "assessment-ratings",
            ratings(at("/assessment/ratings"), text),
        ),
    ]
}

fn table(page: Page, text: &str, is_frozen: bool) -> String {
    let list = AssessmentList::default();
    let of = |part| FigureTable {
        place: figures(PLACE, OrgLevel::County, text, part),
        rows: vec![
            figures(GRID, OrgLevel::Street, text, part),
            figures(OrgNodeId::from_bytes([3; 16]), OrgLevel::Grid, text, part),
        ],
    };
    let live = of(459_010);
    let frozen = FrozenTable {
        table: of(459_000),
        list: list.clone(),
        version: text.to_owned(),
        person_name: text.to_owned(),
        at: NOW,
    };
    let ratings = [rating(GRID, GRID, text), rating(GRID, PLACE, text)];
    let mut table = TableView::new(
        &page,
        &Given {
            period: month(),
            list: &list,
            version: text,
            live: &live,
            frozen: is_frozen.then_some(&frozen),
            ratings: &ratings,
        },
    );
    assert_eq!(table.changed > 0, is_frozen);
    table.up = Some("/assessment".to_owned());
    table.may_freeze = Some((PLACE.to_string(), "2026-01-01".to_owned()));
    let page = AssessmentPage {
        choice: choice(&page, text),
        table: Some(table),
        is_behind: true,
        page,
    };
    page.render().unwrap()
}

fn rows(page: Page, text: &str) -> String {
    let row = |subject, is_part| FigureRow {
        subject,
        is_part,
        day: Some(CivilDay::of(NOW)),
        number: text.to_owned(),
        title: text.to_owned(),
        class: text.to_owned(),
        state: "filed".to_owned(),
        grid_name: text.to_owned(),
    };
    let record = RecordId::from_bytes([7; 16]);
    let asked = Asked {
        place: PLACE.to_string(),
        place_name: text.to_owned(),
        period: month(),
        formula: Formula::Settled,
        part: FigurePart::Rest,
        number: 2,
    };
    let found = FigureRowPage {
        rows: vec![
            row(FigureSubject::Record(record, RecordKind::Incident), true),
            row(FigureSubject::Record(record, RecordKind::Household), false),
            row(FigureSubject::Grid(GRID), true),
            row(FigureSubject::Worker(PersonId::from_bytes([4; 16])), true),
            FigureRow {
                number: String::new(),
                title: String::new(),
                ..row(FigureSubject::Record(record, RecordKind::Incident), true)
            },
        ],
        total: 200,
    };
    AssessmentRowsPage::new(page, &asked, &found)
        .render()
        .unwrap()
}

fn analysis(page: Page, text: &str) -> String {
    let count = CaseCount { now: 9, before: 8 };
    let cases = CaseAnalysis {
        classes: vec![
            (text.to_owned(), count),
            (String::new(), CaseCount::default()),
        ],
        places: vec![(text.to_owned(), count)],
    };
    let repetition = |kind, title: &str| Repetition {
        subject: RecordId::from_bytes([7; 16]),
        kind,
        title: title.to_owned(),
        class: text.to_owned(),
        grid_name: text.to_owned(),
        count: 3,
        last_on: CivilDay::of(NOW),
    };
    let problem = |kind| Problem {
        day: CivilDay::of(NOW),
        kind,
        record: RecordId::from_bytes([7; 16]),
        number: text.to_owned(),
        title: text.to_owned(),
        grid_name: text.to_owned(),
    };
    let people = [WorkerProblems {
        person: PersonId::from_bytes([4; 16]),
        person_name: text.to_owned(),
        problems: ProblemKind::ALL.iter().map(|kind| problem(*kind)).collect(),
    }];
    let year = AssessmentPeriod::from_number(2026).unwrap();
    let analysis = AnalysisView::new(
        &page,
        &Found {
            days: compared(month(), CivilDay::of(NOW)),
            year,
            list: &AssessmentList::default(),
            cases: &cases,
            repetitions: &[
                repetition(Some(RecordKind::Place), text),
                repetition(None, ""),
            ],
            people: &people,
        },
    );
    let page = AssessmentAnalysisPage {
        choice: choice(&page, text),
        is_told: true,
        analysis: Some(analysis),
        is_behind: true,
        page,
    };
    page.render().unwrap()
}

fn ratings(page: Page, text: &str) -> String {
    let unit = |rater, unit| RateableUnit {
        rater,
        rater_name: text.to_owned(),
        unit,
        unit_name: text.to_owned(),
    };
    let shown = [rating(GRID, GRID, text), rating(GRID, PLACE, text)];
    let page = AssessmentRatingsPage {
        choice: choice(&page, text),
        ratings: shown
            .iter()
            .map(|rating| RatingView::new(rating, &page))
            .collect(),
        units: unit_options(&page, &[unit(GRID, GRID), unit(GRID, PLACE)], ""),
        form: RatingForm {
            pair: text.to_owned(),
            points: text.to_owned(),
            reason: text.to_owned(),
            ..RatingForm::default()
        },
        page,
    };
    page.render().unwrap()
}
