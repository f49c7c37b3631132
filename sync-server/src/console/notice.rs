//! `/notices`: which papers each level approved (审批性事件三级公示), as a list to
//! print and hang up, and as a table. It names nobody in full: no title, no
//! description, no place; of a name the surname.

use askama::Template;
use axum::{
    Router,
    extract::{Query, State},
    response::Response,
    routing::get,
};
use serde::Deserialize;
use wangge_model::{
    CivilDay,
    case::{CaseLevel, approvals},
    document::RecordDocument,
    incident::Incident,
    masking::MaskingKind,
    message::{Language, message_id},
};

use super::{
    class::class_words_at,
    error::PageError,
    frame::{Frame, render},
    link::with_query,
    page::Page,
    sheet::{csv, csv_answer},
};
use crate::{
    AppState,
    auth::{Scope, SignedIn, sign_in::audit},
};

/// How many days are shown unless somebody says otherwise: a notice commonly
/// hangs for a month (our own choice).
const USUAL_DAYS: i32 = 30;
/// Longest span, in days.
const MOST_DAYS: i32 = 366;

#[derive(Template)]
#[template(path = "notices.html")]
pub(crate) struct NoticesPage {
    pub(crate) page: Page,
    pub(crate) level: String,
    /// Address, label, whether it is shown.
    pub(crate) levels: Vec<(String, String, bool)>,
    pub(crate) form: NoticeForm,
    pub(crate) rows: Vec<NoticeRow>,
    pub(crate) export: String,
}

/// What the address says.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub(crate) struct NoticeForm {
    pub(crate) level: String,
    pub(crate) from: String,
    pub(crate) to: String,
}

/// Papers in words.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct NoticeRow {
    pub(crate) number: String,
    pub(crate) class: String,
    /// Names, of each the surname.
    pub(crate) names: String,
    pub(crate) place: String,
    /// Day on which each level approved, from below; empty: not yet.
    pub(crate) days: [String; 3],
}

const LEVELS: [CaseLevel; 3] = [CaseLevel::Community, CaseLevel::Street, CaseLevel::County];

/// The routes.
pub(super) fn router() -> Router<AppState> {
    Router::new()
        .route("/notices", get(list))
        .route("/notices/export.csv", get(export))
}

/// A form with everything said, and what it says.
fn settle(form: &NoticeForm, today: CivilDay) -> (NoticeForm, CaseLevel, CivilDay, CivilDay) {
    let level = CaseLevel::parse(&form.level).unwrap_or(CaseLevel::Community);
    let to = form.to.parse::<CivilDay>().unwrap_or(today);
    let from = form.from.parse::<CivilDay>().ok();
    let from = from
        .filter(|from| (0..MOST_DAYS).contains(&to.days_since(*from)))
        .unwrap_or_else(|| to.plus(1 - USUAL_DAYS));
    let form = NoticeForm {
        level: level.as_str().to_owned(),
        from: from.to_string(),
        to: to.to_string(),
    };
    (form, level, from, to)
}

async fn find(
    state: &AppState,
    scope: &Scope,
    level: CaseLevel,
    days: (CivilDay, CivilDay),
    language: Language,
) -> Result<Vec<NoticeRow>, PageError> {
    let (from, to) = days;
    let storage = &state.storage;
    let found = storage
        .list_approved(level, &scope.person, scope.at)
        .await?;
    let span = from.start()..to.plus(1).start();
    let mut rows = Vec::new();
    for stored in found {
        let grid = stored.grid;
        let read = tokio::task::spawn_blocking(move || {
            RecordDocument::load(stored.kind, Some(&stored.document), [])
                .map(|document| Incident::read(&document))
        });
        let read = read.await.map_err(|error| PageError::internal(&error))?;
        // A damaged one is for `verify` to report.
        let Ok(incident) = read else { continue };
        let approved = approvals(&incident.case.timeline);
        let Some(at) = approved.get(&level).filter(|at| span.contains(*at)) else {
            continue;
        };
        let class =
            class_words_at(storage.as_ref(), &grid.into(), &incident.category, language).await?;
        let names = incident.parties.values().map(|party| &party.name);
        let names: Vec<String> = names.map(|name| MaskingKind::Name.mask(name)).collect();
        let node = storage.find_node(&grid.into()).await?;
        let day = |level| approved.get(&level).map(|at| CivilDay::of(*at).to_string());
        rows.push((
            *at,
            NoticeRow {
                number: incident.case.number,
                class,
                names: names.join("、"),
                place: node.map(|node| node.name).unwrap_or_default(),
                days: LEVELS.map(|level| day(level).unwrap_or_default()),
            },
        ));
    }
    rows.sort_by(|one, two| {
        two.0
            .cmp(&one.0)
            .then_with(|| one.1.number.cmp(&two.1.number))
    });
    Ok(rows.into_iter().map(|(_, row)| row).collect())
}

fn link(path: &str, level: &str, form: &NoticeForm) -> String {
    with_query(
        path,
        &[("level", level), ("from", &form.from), ("to", &form.to)],
    )
}

/// `GET /notices`
async fn list(
    State(state): State<AppState>,
    frame: Frame,
    signed_in: SignedIn,
    Query(form): Query<NoticeForm>,
) -> Result<Response, PageError> {
    let scope = &signed_in.scope;
    let (form, level, from, to) = settle(&form, CivilDay::of(scope.at));
    let rows = find(&state, scope, level, (from, to), frame.language).await?;
    let page = frame.page_for(&signed_in);
    let words = |level: CaseLevel| page.t(&message_id("case-level", level.as_str()));
    render(&NoticesPage {
        level: words(level),
        levels: LEVELS
            .map(|one| {
                let href = link("/notices", one.as_str(), &form);
                (href, words(one), one == level)
            })
            .into(),
        export: link("/notices/export.csv", level.as_str(), &form),
        rows,
        form,
        page,
    })
}

/// `GET /notices/export.csv`
async fn export(
    State(state): State<AppState>,
    frame: Frame,
    signed_in: SignedIn,
    Query(form): Query<NoticeForm>,
) -> Result<Response, PageError> {
    let scope = &signed_in.scope;
    let (form, level, from, to) = settle(&form, CivilDay::of(scope.at));
    let found = find(&state, scope, level, (from, to), frame.language).await?;
    let page = frame.page_for(&signed_in);
    let mut heading = vec![
        page.t("console-incident-number"),
        page.t("console-case-class"),
        page.t("console-notice-names"),
        page.t("console-grid"),
    ];
    heading.extend(LEVELS.map(|level| page.t(&message_id("case-level", level.as_str()))));
    let mut rows = vec![heading];
    rows.extend(found.into_iter().map(|row| {
        let mut cells = vec![row.number, row.class, row.names, row.place];
        cells.extend(row.days);
        cells
    }));
    let (action, detail) = ("notices_exported", format!("{} {}", form.from, form.to));
    audit(&state.auth, scope.person, action, &form.level, &detail).await?;
    Ok(csv_answer("notices", csv(&rows)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_list_is_of_a_level_and_some_days() {
        let today: CivilDay = "2026-03-31".parse().unwrap();
        let form = |level: &str, from: &str, to: &str| NoticeForm {
            level: level.to_owned(),
            from: from.to_owned(),
            to: to.to_owned(),
        };
        let settled = |form: NoticeForm| {
            let (form, ..) = settle(&form, today);
            (form.level, form.from, form.to)
        };
        let text =
            |level: &str, from: &str, to: &str| (level.to_owned(), from.to_owned(), to.to_owned());
        assert_eq!(
            settled(NoticeForm::default()),
            text("community", "2026-03-02", "2026-03-31")
        );
        assert_eq!(
            settled(form("county", "2026-01-01", "2026-01-31")),
            text("county", "2026-01-01", "2026-01-31")
        );
        // The wrong way round, or longer than a year.
        for from in ["2026-02-01", "2024-01-01", "x"] {
            assert_eq!(
                settled(form("village", from, "2026-01-31")),
                text("community", "2026-01-02", "2026-01-31")
            );
        }
    }
}
