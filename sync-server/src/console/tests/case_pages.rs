//! Pages of cases with sample data.

use askama::Template as _;
use wangge_model::{case::CaseVerb, message::Language};

use super::render::page;
use crate::console::{
    case::{
        ActionView, AlikeLine, ArchivePage, ArchiveRow, CaseListView, CasePageView, CaseRowView,
        CaseView, CasesPage, FirstAskedPage, FirstAskedRow, FirstAskedSumRow, ReportLine,
        RequestLine, Tab, TimelineLine,
    },
    notice::{NoticeForm, NoticeRow, NoticesPage},
    pager::Pager,
    select::SelectOption,
};

fn row(text: &str, light: &str, light_class: &'static str) -> CaseRowView {
    CaseRowView {
        href: "/cases/1".to_owned(),
        title: text.to_owned(),
        number: "SJ20260101000001".to_owned(),
        state: text.to_owned(),
        level: text.to_owned(),
        urgency: text.to_owned(),
        is_pressing: true,
        due_at: "2026-01-05 17:30".to_owned(),
        light: light.to_owned(),
        light_class,
        grid_name: text.to_owned(),
        has_requests: true,
        reporters: Some(3),
        alike: 1,
    }
}

/// The inbox and a case.
pub(super) fn pages(language: Language, text: &str) -> Vec<(&'static str, String)> {
    let options = || {
        vec![
            SelectOption::new("", text.to_owned(), ""),
            SelectOption::new("1", text.to_owned(), ""),
        ]
    };
    let inbox = |rows: Vec<CaseRowView>| {
        CasesPage {
            page: page(language, "/cases", text),
            list: CaseListView {
                total: 10_000,
                is_more: true,
                number: 2,
                rows,
                ..CaseListView::default()
            },
            tabs: vec![Tab {
                href: "/cases?queue=all".to_owned(),
                label: text.to_owned(),
                is_current: true,
            }],
            states: options(),
            lights: options(),
        }
        .render()
        .unwrap()
    };
    let actions = CaseVerb::ALL.iter().map(|verb| ActionView {
        verb: verb.as_str(),
        label: text.to_owned(),
        fields: verb.needs(),
        joint: options(),
    });
    let case = CasePageView {
        page: page(language, "/cases/1", text),
        case: CaseView {
            href: "/cases/1".to_owned(),
            record_href: "/incidents/1".to_owned(),
            title: text.to_owned(),
            state: text.to_owned(),
            light: text.to_owned(),
            light_class: "warn",
            is_supervised: text.to_owned(),
            version: 7,
            facts: vec![(text.to_owned(), text.to_owned())],
            description: format!("{text}\n第二行"),
            timeline: vec![TimelineLine {
                at: "2026-01-05 17:30".to_owned(),
                who: text.to_owned(),
                what: text.to_owned(),
                to: text.to_owned(),
                about: text.to_owned(),
                text: text.to_owned(),
            }],
            requests: vec![RequestLine {
                at: "2026-01-05 17:30".to_owned(),
                what: text.to_owned(),
                text: text.to_owned(),
                outcome: text.to_owned(),
                outcome_class: "bad",
            }],
            actions: actions.collect(),
            others: vec![(text.to_owned(), text.to_owned())],
            units: options(),
            people: options(),
            merged_into: Some(("/cases/2".to_owned(), "SJ20260101000002".to_owned())),
            reporters: 2,
            reports: ["", "/cases/3"]
                .map(|href| ReportLine {
                    href: href.to_owned(),
                    number: "SJ20260101000003".to_owned(),
                    title: text.to_owned(),
                    who: text.to_owned(),
                    at: "2026-01-05 17:30".to_owned(),
                })
                .into(),
            alike: vec![AlikeLine {
                href: "/cases/4".to_owned(),
                number: "SJ20260101000004".to_owned(),
                title: text.to_owned(),
                state: text.to_owned(),
                at: "2026-01-05 17:30".to_owned(),
                why: text.to_owned(),
            }],
            may_merge: true,
            file: Some("/cases/1/archive.zip".to_owned()),
        },
    };
    let empty = CasePageView {
        page: page(language, "/cases/1", text),
        case: CaseView::default(),
    };
    let archive = |rows: Vec<ArchiveRow>| {
        ArchivePage {
            page: page(language, "/archive", text),
            year: 2026,
            years: vec![(2026, "/archive?year=2026".to_owned(), true)],
            total: rows.len() as u64,
            rows,
            previous: Some("/archive?page=1".to_owned()),
            next: Some("/archive?page=3".to_owned()),
        }
        .render()
        .unwrap()
    };
    let archived = ArchiveRow {
        href: "/cases/1".to_owned(),
        file: "/cases/1/archive.zip".to_owned(),
        title: text.to_owned(),
        number: text.to_owned(),
        class: text.to_owned(),
        received_at: text.to_owned(),
        grid_name: text.to_owned(),
    };
    let notices = |rows: Vec<NoticeRow>| {
        NoticesPage {
            page: page(language, "/notices", text),
            level: text.to_owned(),
            levels: vec![("/notices".to_owned(), text.to_owned(), true)],
            form: NoticeForm::default(),
            rows,
            export: "/notices/export.csv".to_owned(),
        }
        .render()
        .unwrap()
    };
    let noticed = NoticeRow {
        number: text.to_owned(),
        class: text.to_owned(),
        names: text.to_owned(),
        place: text.to_owned(),
        days: [text, "", text].map(ToOwned::to_owned),
    };
    let first_asked = |rows: Vec<FirstAskedRow>, sums: Vec<FirstAskedSumRow>| {
        FirstAskedPage {
            page: page(language, "/first-asked", text),
            name: text.to_owned(),
            rows,
            list: Pager::new("/first-asked", ("person", text), "1"),
            sums,
            days: 365,
        }
        .render()
        .unwrap()
    };
    let asked = [true, false].map(|is_told| FirstAskedRow {
        case: row(text, text, "warn"),
        received_at: text.to_owned(),
        holder: text.to_owned(),
        ended_at: text.to_owned(),
        is_told,
    });
    let sum = FirstAskedSumRow {
        href: "/first-asked?person=1".to_owned(),
        name: text.to_owned(),
        is_current: true,
        total: 5,
        open: 3,
        overdue: 1,
        untold: 1,
        told: 1,
    };
    vec![
        ("first-asked", first_asked(asked.to_vec(), vec![sum])),
        ("first-asked-empty", first_asked(Vec::new(), Vec::new())),
        ("archive", archive(vec![archived])),
        ("archive-empty", archive(Vec::new())),
        ("notices", notices(vec![noticed])),
        ("notices-empty", notices(Vec::new())),
        (
            "cases",
            inbox(vec![row(text, text, "good"), row(text, "", "")]),
        ),
        ("cases-empty", inbox(Vec::new())),
        ("case", case.render().unwrap()),
        ("case-empty", empty.render().unwrap()),
    ]
}
