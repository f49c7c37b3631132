//! The pages of the duty roster with sample data.

use askama::Template as _;
use wangge_model::{
    DutyId, GridId, OrgLevel, OrgNodeId, PersonId, RecordKind, Timestamp, assessment::Figure,
    boundary::testing, duty::Shift, message::Language,
};

use super::render::page;
use crate::{
    console::{
        duty::{
            DutyDay, DutyForm, DutyPage, DutyView,
            now::{Board, Known, OnDutyPage},
            rates::{CountView, RateForm, RateRow, RatesPage},
        },
        select::SelectOption,
    },
    storage::{Duty, OrgNode, PlaceRates, WorkerSpot},
};

const NOW: Timestamp = Timestamp::from_millis(1_767_225_600_000);

fn options(text: &str) -> Vec<SelectOption> {
    vec![SelectOption::new("1", text.to_owned(), "1")]
}

/// The roster and the rates.
pub(super) fn pages(language: Language, text: &str) -> Vec<(&'static str, String)> {
    let words = || text.to_owned();
    let roster = |days: Vec<DutyDay>, may_plan: bool| {
        DutyPage {
            page: page(language, "/duty", text),
            days,
            first: "2026-01-05".to_owned(),
            last: "2026-01-11".to_owned(),
            previous: "/duty?on=2025-12-29".to_owned(),
            next: "/duty?on=2026-01-12".to_owned(),
            may_plan,
            form: DutyForm {
                node: words(),
                note: words(),
                ..DutyForm::default()
            },
            nodes: options(text),
            people: options(text),
        }
        .render()
        .unwrap()
    };
    let duty = DutyView {
        href: "/duty/1".to_owned(),
        node_name: words(),
        person_name: words(),
        phone: words(),
        from: "08:30".to_owned(),
        until: "17:30".to_owned(),
        note: words(),
        planned_by: words(),
        is_now: true,
        may_cancel: true,
    };
    let later = DutyView {
        is_now: false,
        may_cancel: false,
        ..duty.clone()
    };
    let day = DutyDay {
        day: "2026-01-05".to_owned(),
        duties: vec![duty, later],
    };
    let rates = |rows: Vec<RateRow>, counts: Vec<CountView>, may_enter: bool| {
        RatesPage {
            page: page(language, "/duty/rates", text),
            places: options(text),
            on: "2026-01-05".to_owned(),
            first: "2026-01-01".to_owned(),
            last: "2026-01-31".to_owned(),
            columns: vec![[words(), words(), words()]; 4],
            rows,
            counts,
            may_enter,
            form: RateForm {
                node: words(),
                note: words(),
                ..RateForm::default()
            },
            nodes: options(text),
            rates: options(text),
            is_behind: may_enter,
        }
        .render()
        .unwrap()
    };
    let figure = |part, whole| Figure { part, whole };
    let row = PlaceRates {
        node: OrgNodeId::from_bytes([1; 16]),
        name: words(),
        rates: [figure(17, 20), figure(0, 0), figure(3, 4), figure(0, 30)],
    };
    let row = RateRow::new(&row, &page(language, "/duty/rates", text));
    let count = CountView {
        href: "/duty/rates/1".to_owned(),
        day: "2026-01-05".to_owned(),
        node_name: words(),
        rate: words(),
        counted: "17 / 20".to_owned(),
        note: words(),
        person_name: words(),
        may_withdraw: true,
    };
    let board = |board: Board, is_screen: bool| {
        OnDutyPage {
            page: page(language, "/on-duty", text),
            now: "2026-01-05 09:00".to_owned(),
            is_screen,
            board,
        }
        .render()
        .unwrap()
    };
    let (_, grids) = testing::community(1, 1, 4, 1);
    let spot = WorkerSpot {
        person: PersonId::from_bytes([1; 16]),
        person_name: words(),
        grid: GridId::from_bytes([2; 16]),
        grid_name: words(),
        at: NOW,
        kind: RecordKind::Visit,
        longitude: 117.0,
        latitude: 36.7,
    };
    let node = OrgNode {
        id: OrgNodeId::from_bytes([2; 16]),
        parent: None,
        level: OrgLevel::Grid,
        code: Some(words()),
        name: words(),
        path: String::new(),
        attribute: None,
        valid_from: NOW,
        valid_to: None,
    };
    let on_duty = Duty {
        id: DutyId::from_bytes([1; 16]),
        node: node.id,
        node_name: words(),
        person: spot.person,
        person_name: words(),
        phone: words(),
        shift: Shift {
            starts_at: NOW,
            ends_at: NOW.plus_millis(3_600_000),
        },
        note: words(),
        planned_by: words(),
        may_plan: true,
    };
    let known = Known {
        grids: std::slice::from_ref(&node),
        boundaries: &[(node.id, grids[0].clone())],
        assigned: &[(node.id, 3)].into(),
        duties: &[on_duty],
        spots: &[spot],
        now: NOW,
    };
    let full = Board::new(&page(language, "/on-duty", text), &known);
    assert_eq!((full.spots.len(), full.quiet), (1, 0));
    vec![
        ("on-duty", board(full, true)),
        ("on-duty-empty", board(Board::default(), false)),
        ("duty", roster(vec![day], true)),
        ("duty-empty", roster(Vec::new(), false)),
        ("duty-rates", rates(vec![row], vec![count], true)),
        ("duty-rates-empty", rates(Vec::new(), Vec::new(), false)),
    ]
}
