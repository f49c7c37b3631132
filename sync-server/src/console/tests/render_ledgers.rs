//! Sample data of the pages of ledgers, for [`super::render`].

use std::sync::Arc;

use askama::Template;
use wangge_model::message::Language;

use super::render::page;
use crate::{
    console::{
        ledger::{LedgersPage, export::ExportPage, import::ImportPage},
        select::SelectOption,
    },
    ledger::{
        column::{Column, Columns, ColumnsError, Target},
        export::Exported,
        import::Summary,
        job::{
            export::ExportStage,
            import::{Check, ImportSettings, ImportStage, ImportView, Trouble},
        },
        remark::{Reason, Remark, Remarks},
        value::CellError,
    },
};

fn column(place: u16, heading: &str, target: Target, slot: u8) -> Column {
    Column {
        place,
        heading: heading.to_owned(),
        target,
        slot,
    }
}

fn check(columns: &Columns, text: &str) -> Arc<Check> {
    let mut remarks = Remarks::default();
    let reasons = [
        Reason::Cell(CellError::UnknownGrid),
        Reason::HouseholdInRegister(text.to_owned()),
        Reason::Converted,
    ];
    for (row, reason) in (2..).zip(reasons) {
        remarks.push(Remark::on_cell(row, &columns.columns[0], text, reason));
    }
    remarks.push(Remark::on_row(9, Reason::NotARow));
    let summary = Summary {
        rows: 812,
        households: 301,
        people: 790,
        new: 280,
        changed: 12,
        unchanged: 3,
        skipped: 4,
        filled: 1,
        held_back: 1,
    };
    Arc::new(Check { summary, remarks })
}

/// All pages of ledgers, by name.
pub(super) fn pages(language: Language, text: &str) -> Vec<(&'static str, String)> {
    let at = |path: &str| page(language, path, text);
    let options = || vec![SelectOption::new("a", text.to_owned(), "a")];
    let ledgers = |is_empty: bool| {
        let options = || if is_empty { Vec::new() } else { options() };
        let href = |kind: &str| (!is_empty).then(|| format!("/ledgers/{kind}/1"));
        LedgersPage {
            page: at("/ledgers"),
            grids: options(),
            duplicates: options(),
            limit: 32,
            import: href("import"),
            readable: options(),
            ledgers: options(),
            forms: options(),
            may_unmask: true,
            export: href("export"),
        }
        .render()
        .unwrap()
    };
    let columns = Columns {
        columns: vec![
            column(0, text, Target::Grid, 0),
            column(1, text, Target::Field("address.room"), 0),
            column(27, text, Target::Field("members.*.name"), 2),
            column(28, text, Target::Ignored, 0),
        ],
        first_row: 1,
    };
    let import = |stage: ImportStage, is_known: bool| {
        let view = ImportView {
            settings: ImportSettings {
                sheet: text.to_owned(),
                ..ImportSettings::default()
            },
            columns: is_known.then(|| columns.clone()),
            remembered: is_known.then(|| text.to_owned()),
            stage,
        };
        let href = "/ledgers/import/1".to_owned();
        ImportPage::new(at("/ledgers/import/1"), href, text, &view, options())
            .render()
            .unwrap()
    };
    let twice = ColumnsError::Twice {
        target: Target::Grid,
        first: text.to_owned(),
        second: text.to_owned(),
    };
    let export = |is_masked: bool, stage: &ExportStage| {
        let href = "/ledgers/export/1".to_owned();
        ExportPage::new(
            at("/ledgers/export/1"),
            href,
            text.to_owned(),
            is_masked,
            stage,
        )
        .render()
        .unwrap()
    };
    let exported = Exported {
        households: 301,
        rows: 790,
    };
    let committing = ImportStage::Committing {
        done: 300,
        rows: 812,
    };
    let refused = ImportStage::Refused(Arc::new(Trouble::Columns(twice)));
    let ready = ExportStage::Ready {
        exported,
        bytes: 70_000,
    };
    vec![
        ("ledgers", ledgers(false)),
        ("ledgers-none", ledgers(true)),
        ("ledger-reading", import(ImportStage::Reading, false)),
        (
            "ledger-checked",
            import(ImportStage::Checked(check(&columns, text)), true),
        ),
        ("ledger-refused", import(refused, true)),
        ("ledger-committing", import(committing, true)),
        (
            "ledger-done",
            import(ImportStage::Done(check(&columns, text)), true),
        ),
        ("ledger-export", export(true, &ready)),
        ("ledger-export-unmasked", export(false, &ready)),
        (
            "ledger-exporting",
            export(true, &ExportStage::Writing { done: 12 }),
        ),
        ("ledger-export-failed", export(true, &ExportStage::Failed)),
    ]
}
