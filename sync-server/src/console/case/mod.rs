//! `/cases`: the inbox of desks and units, one case with its timeline, and
//! asking for a decision on it.

mod act;
mod archive;
mod choice;
mod detail;
mod first_asked;
mod list;
mod live;

use axum::{
    Router,
    routing::{get, post},
};

#[cfg(test)]
pub(crate) use archive::{ArchivePage, ArchiveRow};
#[cfg(test)]
pub(crate) use detail::{
    ActionView, AlikeLine, CasePageView, CaseView, ReportLine, RequestLine, TimelineLine,
};
#[cfg(test)]
pub(crate) use first_asked::{FirstAskedPage, FirstAskedRow, FirstAskedSumRow};
#[cfg(test)]
pub(crate) use list::{CaseListView, CaseRowView, CasesPage, Tab};

use crate::AppState;

/// The routes of cases.
pub(crate) fn router() -> Router<AppState> {
    Router::new()
        .route("/cases", get(list::get))
        .route("/cases/live", get(live::get))
        .route("/cases/{id}", get(detail::get))
        .route("/cases/{id}/act", post(act::post))
        .route("/cases/{id}/archive.zip", get(archive::file))
        .route("/archive", get(archive::list))
        .route("/first-asked", get(first_asked::get))
}
