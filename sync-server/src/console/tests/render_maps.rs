//! Sample data of the pages with maps and of work cards, for [`super::render`].

use askama::Template;
use wangge_model::{
    CivilDay, RecordId, Timestamp,
    boundary::testing,
    message::Language,
    visit_plan::{Door, Reason, VisitStanding, VisitState},
};

use super::render::page;
use crate::{
    console::grid::{
        card::{CardPage, CardView, CodeView, PublicCardPage},
        draw::{BoundaryPage, EditionView, corners},
        map::{Drawing, VisitMapPage},
        outline::Drawn,
    },
    visit_map::MappedHousehold,
};

const NOW: Timestamp = Timestamp::from_millis(1_767_225_600_000);

fn households(text: &str) -> Vec<MappedHousehold> {
    let door = |number: f64| {
        let place = testing::place(40.0 + 9.0 * number, 60.0 + 7.0 * number);
        Door {
            longitude: place.longitude,
            latitude: place.latitude,
        }
    };
    let on = CivilDay::of(NOW);
    VisitState::ALL
        .iter()
        .zip(1_u8..)
        .flat_map(|(state, number)| {
            let standing = VisitStanding {
                state: *state,
                visited_on: (*state == VisitState::Visited).then_some(on),
                reason: (*state == VisitState::Overdue).then(|| Reason::Overdue {
                    rule: text.to_owned(),
                    since: on,
                }),
            };
            let mapped = move |byte: u8, door: Option<Door>| MappedHousehold {
                id: RecordId::from_bytes([byte; 16]),
                title: format!("{text}{byte}"),
                door,
                standing: standing.clone(),
            };
            let own = mapped(number, Some(door(f64::from(number))));
            [own, mapped(number + 100, None)]
        })
        .collect()
}

/// All of them, by name.
pub(super) fn pages(language: Language, text: &str) -> Vec<(&'static str, String)> {
    let at = |path: &str| page(language, path, text);
    let (community, grids) = testing::community(1, 2, 4, 1);
    let drawn: Vec<Drawn<'_>> = std::iter::once(&community)
        .chain(&grids)
        .zip(0..)
        .map(|(boundary, number)| Drawn {
            boundary,
            label: text,
            is_own: number == 1,
            is_around: number == 0,
        })
        .collect();
    let map = |drawn: &[Drawn<'_>], households: &[MappedHousehold]| {
        let page = at("/grids/1/map");
        let drawing = Drawing::new(&page, drawn, households);
        VisitMapPage {
            href: "/grids/1".to_owned(),
            name: text.to_owned(),
            place: text.to_owned(),
            month: "2026-01".to_owned(),
            outline: drawing.outline,
            spots: drawing.spots,
            legend: drawing.legend,
            pressing: drawing.pressing,
            nowhere: drawing.nowhere,
            is_behind: true,
            page,
        }
        .render()
        .unwrap()
    };
    let edition = |number: u32| EditionView {
        number,
        by: text.to_owned(),
        at: NOW.to_china_text(),
        area_m2: 44_000,
        href: (number == 1).then(|| "/grids/1/boundary?edition=1".to_owned()),
    };
    let boundary = |is_wrong: bool| {
        let some = |is_there: bool| {
            if is_there {
                vec![text.to_owned()]
            } else {
                Vec::new()
            }
        };
        BoundaryPage {
            page: at("/grids/1/boundary"),
            href: "/grids/1".to_owned(),
            name: text.to_owned(),
            corners: if is_wrong {
                text.to_owned()
            } else {
                corners::to_text(&grids[0])
            },
            seen: 2,
            map: format!("{{\"around\":[],\"beside\":[],\"points\":[],\"x\":\"{text}\"}}"),
            problems: some(is_wrong),
            gaps: some(true),
            others: some(true),
            area_m2: Some(44_000),
            is_alone: is_wrong,
            editions: vec![edition(2), edition(1)],
        }
        .render()
        .unwrap()
    };
    let card = |is_valid: bool| CardView {
        name: text.to_owned(),
        places: if is_valid {
            vec![("网格员".to_owned(), text.to_owned())]
        } else {
            Vec::new()
        },
        is_valid,
    };
    let own = |is_valid: bool, code: Option<CodeView>| {
        CardPage {
            page: at("/people/1/card"),
            card: card(is_valid),
            code,
            number: "0a1b2c3d".to_owned(),
        }
        .render()
        .unwrap()
    };
    let public = |is_valid: bool| {
        PublicCardPage {
            page: page(language, "/public/cards/1", text),
            card: card(is_valid),
            at: NOW.to_china_text(),
        }
        .render()
        .unwrap()
    };
    vec![
        ("visit-map", map(&drawn, &households(text))),
        ("visit-map-empty", map(&[], &[])),
        ("boundary", boundary(false)),
        ("boundary-wrong", boundary(true)),
        ("card", own(true, CodeView::of("https://grid.example.org"))),
        ("card-without-code", own(true, None)),
        ("card-invalid", own(false, None)),
        ("public-card", public(true)),
        ("public-card-invalid", public(false)),
    ]
}
