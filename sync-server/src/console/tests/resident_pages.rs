//! Pages of residents, messages and orders with sample data.

use askama::Template as _;
use wangge_model::message::Language;

use super::render::page;
use crate::console::{
    grid::card::CodeView,
    message::{MessageView, MessagesPage, NewNoticePage, NoticeHousehold},
    order::{OrderView, OrdersPage, TakenView},
    pager::Pager,
    report_code::{CodeForm, ReportCodeCardPage, ReportCodeView, ReportCodesPage},
    resident::{
        ReportForm, ResidentClosedPage, ResidentReceivedPage, ResidentReportPage,
        ResidentTrackPage, TrackedView,
    },
    select::SelectOption,
};

fn options(text: &str) -> Vec<SelectOption> {
    vec![
        SelectOption::new("1", text.to_owned(), "1"),
        SelectOption::new("2", text.to_owned(), "1"),
    ]
}

fn pager(path: &'static str) -> Pager {
    let mut pager = Pager::new(path, ("state", "queued"), "2");
    pager.total = 150;
    pager
}

/// Everything that residents see.
fn public(language: Language, text: &str) -> Vec<(&'static str, String)> {
    let form = |asks_phone| {
        ResidentReportPage {
            page: page(language, "/r/7Q2K9M4T8R3X", text),
            action: "/r/7Q2K9M4T8R3X".to_owned(),
            label: text.to_owned(),
            form: ReportForm {
                class: "1".to_owned(),
                place: text.to_owned(),
                description: format!("{text}\n第二行"),
                phone: text.to_owned(),
                mark: "00".to_owned(),
                website: String::new(),
            },
            classes: options(text),
            asks_phone,
        }
        .render()
        .unwrap()
    };
    let received = ResidentReceivedPage {
        page: page(language, "/r/track", text),
        tracking: "7Q2K-9M4T-8R3X".to_owned(),
        is_told: true,
    };
    let track = |found| {
        ResidentTrackPage {
            page: page(language, "/r/track", text),
            tracking: text.to_owned(),
            found,
        }
        .render()
        .unwrap()
    };
    let found = TrackedView {
        stage: text.to_owned(),
        received_at: "2026-01-05 17:30".to_owned(),
    };
    let closed = ResidentClosedPage {
        page: page(language, "/r/track", text).with_problem(text.to_owned()),
    };
    vec![
        ("resident-report", form(true)),
        ("resident-report-no-phone", form(false)),
        ("resident-received", received.render().unwrap()),
        ("resident-track", track(None)),
        ("resident-track-found", track(Some(found))),
        ("resident-closed", closed.render().unwrap()),
    ]
}

fn code(text: &str, revoked: bool) -> ReportCodeView {
    ReportCodeView {
        href: "/report-codes/7Q2K9M4T8R3X".to_owned(),
        code: "7Q2K-9M4T-8R3X".to_owned(),
        label: text.to_owned(),
        grid_name: text.to_owned(),
        place_name: format!("{text} 2"),
        created: text.to_owned(),
        revoked_at: revoked.then(|| "2026-01-05 17:30".to_owned()),
        reports: 3,
    }
}

fn order(text: &str, waits: bool) -> OrderView {
    OrderView {
        number: "JN1".to_owned(),
        class: text.to_owned(),
        title: text.to_owned(),
        content: format!("{text}\n第二行"),
        address: text.to_owned(),
        grid_code: text.to_owned(),
        category: "4006".to_owned(),
        node_name: text.to_owned(),
        imported_at: "2026-01-05 17:30".to_owned(),
        state: text.to_owned(),
        state_class: "bad",
        later: Some((
            "2026-01-06 17:30".to_owned(),
            text.to_owned(),
            text.to_owned(),
        )),
        case: (!waits).then(|| ("/cases/1".to_owned(), "SJ20260101000001".to_owned())),
        place: waits.then(|| "/orders/1/place".to_owned()),
    }
}

/// Pages of desks and of residents.
pub(super) fn pages(language: Language, text: &str) -> Vec<(&'static str, String)> {
    let codes = |codes: Vec<ReportCodeView>, place_name: &str| {
        ReportCodesPage {
            page: page(language, "/report-codes", text),
            codes,
            is_open: false,
            form: CodeForm {
                label: text.to_owned(),
                grid: "1".to_owned(),
                place: "1".to_owned(),
            },
            grids: options(text),
            place_name: place_name.to_owned(),
        }
        .render()
        .unwrap()
    };
    let card = ReportCodeCardPage {
        page: page(language, "/report-codes/7Q2K9M4T8R3X/card", text),
        code: code(text, false),
        address: "https://grid.example.org/r/7Q2K9M4T8R3X".to_owned(),
        picture: CodeView {
            path: "M4 4h1v1h-1z".to_owned(),
            size: 33,
        },
    };
    let message = |retry: Option<&str>, phone: &str| MessageView {
        retry: retry.map(ToOwned::to_owned),
        created_at: "2026-01-05 17:30".to_owned(),
        grid_name: text.to_owned(),
        phone: phone.to_owned(),
        text: text.to_owned(),
        state: text.to_owned(),
        state_class: "warn",
        attempts: 2,
        problem: text.to_owned(),
        next_at: "2026-01-05 17:31".to_owned(),
        case: retry.map(|_| "/cases/1".to_owned()),
    };
    let messages = |rows| {
        MessagesPage {
            page: page(language, "/messages", text),
            rows,
            list: pager("/messages"),
            states: options(text),
            is_sending: false,
        }
        .render()
        .unwrap()
    };
    let notice = |households: Vec<NoticeHousehold>| {
        NewNoticePage {
            page: page(language, "/messages/notice", text),
            text: text.to_owned(),
            q: text.to_owned(),
            grid: "1".to_owned(),
            grids: options(text),
            is_more: true,
            households,
            most: 500,
        }
        .render()
        .unwrap()
    };
    let household = NoticeHousehold {
        id: "1".to_owned(),
        title: text.to_owned(),
        name: text.to_owned(),
        phone: "138****0001".to_owned(),
        grid_name: text.to_owned(),
        is_chosen: true,
    };
    let orders = |rows: Vec<OrderView>, taken| {
        OrdersPage {
            page: page(language, "/orders", text),
            rows,
            list: pager("/orders"),
            states: options(text),
            waiting: 2,
            nodes: options(text),
            grids: vec![("3701".to_owned(), text.to_owned())],
            classes: vec![("4006".to_owned(), text.to_owned())],
            taken,
            most: 1_000,
        }
        .render()
        .unwrap()
    };
    let taken = TakenView {
        counts: vec![(text.to_owned(), 3)],
        rows: vec![(2, "JN2".to_owned(), text.to_owned())],
    };
    let mut all = public(language, text);
    all.extend([
        (
            "report-codes",
            codes(vec![code(text, false), code(text, true)], ""),
        ),
        ("report-codes-of-a-place", codes(Vec::new(), text)),
        ("report-code-card", card.render().unwrap()),
        (
            "messages",
            messages(vec![
                message(Some("/messages/1/retry"), "138****0001"),
                message(None, ""),
            ]),
        ),
        ("messages-empty", messages(Vec::new())),
        ("notice-new", notice(vec![household])),
        ("notice-new-empty", notice(Vec::new())),
        (
            "orders",
            orders(vec![order(text, true), order(text, false)], Some(taken)),
        ),
        ("orders-empty", orders(Vec::new(), None)),
    ]);
    all
}
