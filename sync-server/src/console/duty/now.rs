//! `GET /on-duty` (可视化大屏、人员分布): who is on duty now, and on a picture of the
//! grids where workers last were today, as their visits and reports say and
//! nothing else does: nobody is followed.

use std::collections::BTreeMap;

use askama::Template;
use axum::{
    extract::{Query, State},
    response::Response,
};
use serde::Deserialize;
use wangge_model::{
    CivilDay, GridId, LongitudeLatitude, OrgNodeId, Timestamp, boundary::Boundary, duty::Shift,
    message::message_id,
};

use super::DutyView;
use crate::{
    AppState,
    auth::SignedIn,
    console::{
        error::PageError,
        frame::{Frame, render},
        grid::outline::{Drawn, Outline, Spot},
        page::Page,
    },
    storage::{Duty, OrgNode, WorkerSpot},
};

/// Most grids of a picture; of more it is unreadable, and the tables remain.
const MOST_GRIDS: usize = 400;
/// Grids whose names are written into the picture; of more they lie on each other.
const MOST_NAMES: usize = 40;

#[derive(Template)]
#[template(path = "on_duty.html")]
pub(crate) struct OnDutyPage {
    pub(crate) page: Page,
    /// What time it is.
    pub(crate) now: String,
    /// The page loads itself again, for a screen on a wall (大屏).
    pub(crate) is_screen: bool,
    pub(crate) board: Board,
}

/// What the page shows.
#[derive(Debug, Clone, Default)]
pub(crate) struct Board {
    pub(crate) outline: Option<Outline>,
    /// Workers in the picture.
    pub(crate) spots: Vec<SpotView>,
    pub(crate) duties: Vec<DutyView>,
    pub(crate) workers: Vec<SeenView>,
    pub(crate) grids: Vec<GridNow>,
    /// Grids with people and none of them on duty or seen today.
    pub(crate) quiet: usize,
}

/// A worker in the picture.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct SpotView {
    pub(crate) spot: Spot,
    pub(crate) title: String,
}

/// Where a worker last was, in words.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct SeenView {
    pub(crate) name: String,
    pub(crate) grid_name: String,
    /// Since when that is known.
    pub(crate) at: String,
    /// What says so: a visit, a report.
    pub(crate) by: String,
}

/// A grid and its people.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct GridNow {
    pub(crate) name: String,
    pub(crate) code: String,
    /// People assigned to it.
    pub(crate) assigned: usize,
    /// On duty there now, and seen there today.
    pub(crate) on_duty: usize,
    pub(crate) seen: usize,
}

/// What a board is made of.
#[derive(Debug)]
pub(crate) struct Known<'a> {
    pub(crate) grids: &'a [OrgNode],
    pub(crate) boundaries: &'a [(OrgNodeId, Boundary)],
    /// People assigned to each grid.
    pub(crate) assigned: &'a BTreeMap<OrgNodeId, usize>,
    pub(crate) duties: &'a [Duty],
    pub(crate) spots: &'a [WorkerSpot],
    pub(crate) now: Timestamp,
}

impl Board {
    pub(crate) fn new(page: &Page, known: &Known<'_>) -> Self {
        let count_at = |grid: OrgNodeId| {
            let on_duty = known.duties.iter().filter(|duty| duty.node == grid);
            let seen = known.spots.iter();
            let seen = seen.filter(|spot| spot.grid == GridId::from(grid));
            (on_duty.count(), seen.count())
        };
        let grids: Vec<GridNow> = known
            .grids
            .iter()
            .map(|grid| {
                let (on_duty, seen) = count_at(grid.id);
                GridNow {
                    name: grid.name.clone(),
                    code: grid.code.clone().unwrap_or_default(),
                    assigned: known.assigned.get(&grid.id).copied().unwrap_or(0),
                    on_duty,
                    seen,
                }
            })
            .collect();
        let has_names = known.boundaries.len() <= MOST_NAMES;
        let drawn: Vec<Drawn<'_>> = known
            .boundaries
            .iter()
            .map(|(id, boundary)| {
                let grid = known.grids.iter().find(|grid| grid.id == *id);
                let (on_duty, seen) = count_at(*id);
                Drawn {
                    boundary,
                    label: grid
                        .filter(|_| has_names)
                        .map_or("", |grid| grid.name.as_str()),
                    // Somebody is there: the picture sets it apart.
                    is_own: on_duty + seen > 0,
                    is_around: false,
                }
            })
            .collect();
        let points: Vec<LongitudeLatitude> = known
            .spots
            .iter()
            .map(|spot| LongitudeLatitude::new(spot.longitude, spot.latitude))
            .collect();
        let workers: Vec<SeenView> = known
            .spots
            .iter()
            .map(|spot| SeenView {
                name: spot.person_name.clone(),
                grid_name: spot.grid_name.clone(),
                at: spot.at.to_china_text(),
                by: page.t(&message_id("kind", spot.kind.as_str())),
            })
            .collect();
        let (outline, spots) = match Outline::draw_with(&drawn, &points) {
            Some((outline, spots)) => (Some(outline), spots),
            None => (None, Vec::new()),
        };
        let spots = spots
            .into_iter()
            .zip(&workers)
            .map(|(spot, worker)| SpotView {
                spot,
                title: format!("{} · {}", worker.name, worker.at),
            });
        Self {
            outline,
            spots: spots.collect(),
            duties: known
                .duties
                .iter()
                .map(|duty| DutyView::new(duty, known.now))
                .collect(),
            quiet: grids
                .iter()
                .filter(|grid| grid.assigned > 0 && grid.on_duty + grid.seen == 0)
                .count(),
            workers,
            grids,
        }
    }
}

/// Whether the page is for a screen on a wall.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct NowQuery {
    screen: String,
}

/// `GET /on-duty`
pub(super) async fn get(
    State(state): State<AppState>,
    frame: Frame,
    signed_in: SignedIn,
    Query(query): Query<NowQuery>,
) -> Result<Response, PageError> {
    let scope = &signed_in.scope;
    let storage = state.storage.as_ref();
    let (person, now) = (&scope.person, scope.at);
    let grids = storage.list_grids_in_scope(person, now).await?;
    let ids: Vec<OrgNodeId> = grids.iter().map(|grid| grid.id).take(MOST_GRIDS).collect();
    let boundaries = storage.list_boundaries(&ids).await?;
    let mut assigned: BTreeMap<OrgNodeId, usize> = BTreeMap::new();
    for member in storage.list_team(person, now).await? {
        if member.active && !member.assignment.reserve {
            *assigned.entry(member.assignment.node).or_default() += 1;
        }
    }
    let within = Shift {
        starts_at: now,
        ends_at: now.plus_millis(1),
    };
    let duties = storage.list_duties(person, now, within).await?;
    let since = CivilDay::of(now).start();
    let spots = storage.list_worker_spots(person, now, since).await?;
    let page = frame.page_for(&signed_in);
    let known = Known {
        grids: &grids,
        boundaries: &boundaries,
        assigned: &assigned,
        duties: &duties,
        spots: &spots,
        now,
    };
    let board = Board::new(&page, &known);
    render(&OnDutyPage {
        now: now.to_china_text(),
        is_screen: query.screen == "1",
        board,
        page,
    })
}
