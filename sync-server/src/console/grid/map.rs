//! `GET /grids/{id}/map`: the map of visits (入户民情图): where the households of a
//! grid are and how they stand this month.

use askama::Template;
use axum::{
    extract::{Path, State},
    response::Response,
};
use wangge_model::{
    CivilDay, LongitudeLatitude, OrgNodeId,
    access::{Act, Data},
    message::message_id,
    visit_plan::{Reason, VisitState},
};

use super::{
    detail::{Surroundings, find},
    outline::{Outline, Spot},
    place_above,
};
use crate::{
    AppState,
    auth::{Scope, SignedIn},
    console::{
        error::PageError,
        frame::{Frame, render},
        page::Page,
    },
    storage::{Storage, StorageResult},
    visit_map::{MappedHousehold, load_map},
};

#[derive(Template)]
#[template(path = "visit_map.html")]
pub(crate) struct VisitMapPage {
    pub(crate) page: Page,
    /// Where the grid's page is.
    pub(crate) href: String,
    pub(crate) name: String,
    /// Street and community.
    pub(crate) place: String,
    /// The month in words, e.g. `2026-03`.
    pub(crate) month: String,
    pub(crate) outline: Option<Outline>,
    /// Households that can be drawn.
    pub(crate) spots: Vec<SpotView>,
    pub(crate) legend: Vec<LegendRow>,
    /// What is overdue and due, most pressing first.
    pub(crate) pressing: Vec<HouseholdView>,
    /// Households without a place.
    pub(crate) nowhere: Vec<HouseholdView>,
    /// The latest visits are not counted yet.
    pub(crate) is_behind: bool,
}

/// A household in the picture.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct SpotView {
    pub(crate) spot: Spot,
    /// Word of its state, which is also how it is drawn.
    pub(crate) state: &'static str,
    pub(crate) household: HouseholdView,
}

/// How many households stand in one way.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct LegendRow {
    pub(crate) state: &'static str,
    pub(crate) label: String,
    pub(crate) count: usize,
}

/// A household in words.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct HouseholdView {
    pub(crate) href: String,
    pub(crate) title: String,
    /// Its state in words.
    pub(crate) state: String,
    /// The last day a visit counted; empty if none did.
    pub(crate) visited_on: String,
    /// The day a visit was or is due by; empty if none is.
    pub(crate) due: String,
}

impl HouseholdView {
    fn new(mapped: &MappedHousehold, page: &Page) -> Self {
        let standing = &mapped.standing;
        let day = |day: Option<CivilDay>| day.map(|day| day.to_string()).unwrap_or_default();
        Self {
            href: format!("/households/{}", mapped.id),
            title: if mapped.title.is_empty() {
                page.t("console-address-missing")
            } else {
                mapped.title.clone()
            },
            state: page.t(&message_id("visit-state", standing.state.as_str())),
            visited_on: day(standing.visited_on),
            due: day(standing.reason.as_ref().map(Reason::day)),
        }
    }
}

/// Whether the person may see the households of a grid and how they stand.
pub(super) async fn may_see(
    storage: &dyn Storage,
    scope: &Scope,
    node: &OrgNodeId,
) -> StorageResult<bool> {
    Ok(scope
        .may_in(storage, node, Data::Household, Act::Read)
        .await?
        && scope.may_in(storage, node, Data::Visit, Act::Count).await?)
}

/// The parts of the page that come from the households.
pub(crate) struct Drawing {
    pub(crate) outline: Option<Outline>,
    pub(crate) spots: Vec<SpotView>,
    pub(crate) legend: Vec<LegendRow>,
    pub(crate) pressing: Vec<HouseholdView>,
    pub(crate) nowhere: Vec<HouseholdView>,
}

impl Drawing {
    /// Of the households, among the boundaries.
    pub(crate) fn new(
        page: &Page,
        drawn: &[super::outline::Drawn<'_>],
        mapped: &[MappedHousehold],
    ) -> Self {
        let placed: Vec<(&MappedHousehold, LongitudeLatitude)> = mapped
            .iter()
            .filter_map(|one| {
                let door = one.door?;
                Some((one, LongitudeLatitude::new(door.longitude, door.latitude)))
            })
            .collect();
        let points: Vec<LongitudeLatitude> = placed.iter().map(|(_, point)| *point).collect();
        let (outline, spots) = match Outline::draw_with(drawn, &points) {
            Some((outline, spots)) => (Some(outline), spots),
            None => (None, Vec::new()),
        };
        // What is pressing lies on top.
        let spots = placed
            .iter()
            .zip(spots)
            .rev()
            .map(|((one, _), spot)| SpotView {
                spot,
                state: one.standing.state.as_str(),
                household: HouseholdView::new(one, page),
            })
            .collect();
        let legend = VisitState::ALL
            .iter()
            .map(|state| LegendRow {
                state: state.as_str(),
                label: page.t(&message_id("visit-state", state.as_str())),
                count: mapped
                    .iter()
                    .filter(|one| one.standing.state == *state)
                    .count(),
            })
            .collect();
        let views = |wanted: &dyn Fn(&MappedHousehold) -> bool| {
            mapped
                .iter()
                .filter(|one| wanted(one))
                .map(|one| HouseholdView::new(one, page))
                .collect()
        };
        Self {
            outline,
            spots,
            legend,
            pressing: views(&|one| {
                matches!(one.standing.state, VisitState::Overdue | VisitState::Due)
            }),
            nowhere: views(&|one| one.door.is_none()),
        }
    }
}

/// `GET /grids/{id}/map`
pub(super) async fn get(
    State(state): State<AppState>,
    frame: Frame,
    signed_in: SignedIn,
    Path(id): Path<String>,
) -> Result<Response, PageError> {
    let storage = state.storage.as_ref();
    let node = find(storage, &signed_in, &id).await?;
    let scope = &signed_in.scope;
    if !node.validity().contains(scope.at) {
        return Err(PageError::NotFound);
    }
    if !may_see(storage, scope, &node.id).await? {
        return Err(PageError::Forbidden);
    }
    let on = CivilDay::of(scope.at);
    let mapped = load_map(storage, &node, on).await?;
    let around = Surroundings::find(storage, &node).await?;
    let page = frame.page_for(&signed_in);
    let place: Vec<String> = place_above(storage, &node.id)
        .await?
        .into_iter()
        .map(|place| place.name)
        .collect();
    let drawing = Drawing::new(&page, &around.drawn(), &mapped);
    render(&VisitMapPage {
        href: format!("/grids/{}", node.id),
        name: node.name.clone(),
        place: place.join(" "),
        month: on.to_date().format("%Y-%m").to_string(),
        outline: drawing.outline,
        spots: drawing.spots,
        legend: drawing.legend,
        pressing: drawing.pressing,
        nowhere: drawing.nowhere,
        is_behind: storage.has_visits_due().await?,
        page,
    })
}
