//! `/`: how each grid in scope stands.

use askama::Template;
use axum::{extract::State, response::Response};

use super::{
    error::PageError,
    frame::{Frame, render},
    page::Page,
};
use crate::{
    auth::{AuthState, SignedIn},
    storage::{GridCounts, GridOverview},
};

#[derive(Template)]
#[template(path = "home.html")]
pub(crate) struct HomePage {
    pub(crate) page: Page,
    pub(crate) grids: Vec<GridOverview>,
    pub(crate) sum: GridCounts,
    /// Late edits that wait for a decision.
    pub(crate) reviews: u64,
}

impl HomePage {
    pub(crate) fn new(page: Page, grids: Vec<GridOverview>, reviews: u64) -> Self {
        let sum = grids
            .iter()
            .map(|grid| grid.counts)
            .fold(GridCounts::default(), |sum, one| GridCounts {
                households: sum.households + one.households,
                visits: sum.visits + one.visits,
                incidents: sum.incidents + one.incidents,
                places: sum.places + one.places,
                conflicts: sum.conflicts + one.conflicts,
                quarantined: sum.quarantined + one.quarantined,
            });
        Self {
            page,
            grids,
            sum,
            reviews,
        }
    }
}

/// `GET /`
pub(crate) async fn get(
    State(auth): State<AuthState>,
    frame: Frame,
    signed_in: SignedIn,
) -> Result<Response, PageError> {
    let scope = &signed_in.scope;
    let grids = auth
        .storage
        .list_grid_overviews(&scope.person, scope.at)
        .await?;
    let reviews = auth.storage.count_reviews(&scope.person, scope.at).await?;
    render(&HomePage::new(frame.page_for(&signed_in), grids, reviews))
}
