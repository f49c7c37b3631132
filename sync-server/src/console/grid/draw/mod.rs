//! `/grids/{id}/boundary`: a grid's boundary, drawn and kept as a new edition.
//! The picture is drawn by a script of ours; the corners are also a text field,
//! so that the page does its work without.

pub(crate) mod corners;
mod fit;

use askama::Template;
use axum::{
    extract::{Path, Query, State},
    http::StatusCode,
    response::{IntoResponse, Redirect, Response},
};
use serde::Deserialize;
use serde_json::json;
use wangge_model::{
    CoordinateSystem, OrgLevel, OrgNodeId,
    access::{Act, Data},
    boundary::{Boundary, Piece},
};

use super::detail::find;
use crate::{
    AppState,
    auth::{SignedForm, SignedIn, sign_in::audit},
    console::{
        error::PageError,
        frame::{Frame, render},
        page::Page,
    },
    storage::{BoundaryEdition, NewBoundary, OrgNode, Storage, StorageError},
    visit_map::load_households,
};

/// Editions listed.
const MOST_EDITIONS: u32 = 20;

#[derive(Template)]
#[template(path = "boundary.html")]
pub(crate) struct BoundaryPage {
    pub(crate) page: Page,
    /// Where the grid's page is.
    pub(crate) href: String,
    pub(crate) name: String,
    /// The corners, see [`corners`].
    pub(crate) corners: String,
    /// Number of the edition these were drawn over.
    pub(crate) seen: u32,
    /// What the script draws behind: JSON.
    pub(crate) map: String,
    /// What stands in the way, in words.
    pub(crate) problems: Vec<String>,
    /// Ground in no grid, in words.
    pub(crate) gaps: Vec<String>,
    /// What is wrong elsewhere in the community, in words.
    pub(crate) others: Vec<String>,
    /// The area of what was checked, in square metres.
    pub(crate) area_m2: Option<i64>,
    /// The community has no boundary to check against.
    pub(crate) is_alone: bool,
    pub(crate) editions: Vec<EditionView>,
}

/// An outline the grid has or had, in words.
#[derive(Debug, Clone, Default)]
pub(crate) struct EditionView {
    pub(crate) number: u32,
    pub(crate) by: String,
    pub(crate) at: String,
    pub(crate) area_m2: i64,
    /// Loads it into the drawing; none of the one in force.
    pub(crate) href: Option<String>,
}

/// The grid with what is around it.
struct Ground {
    node: OrgNode,
    community: Option<Boundary>,
    beside: Vec<(OrgNode, Boundary)>,
    editions: Vec<BoundaryEdition>,
}

impl Ground {
    /// Of a grid in use that the person may draw.
    async fn find(
        storage: &dyn Storage,
        signed_in: &SignedIn,
        id: &str,
    ) -> Result<Self, PageError> {
        let node = find(storage, signed_in, id).await?;
        let scope = &signed_in.scope;
        if !node.validity().contains(scope.at) {
            return Err(PageError::NotFound);
        }
        let may_draw = scope
            .may_in(storage, &node.id, Data::GridMap, Act::Write)
            .await?;
        if !may_draw {
            return Err(PageError::Forbidden);
        }
        let parent = node.parent.ok_or(PageError::NotFound)?;
        let siblings: Vec<OrgNode> = storage
            .list_children(Some(&parent))
            .await?
            .into_iter()
            .filter(|other| {
                other.level == OrgLevel::Grid
                    && other.id != node.id
                    && other.validity().contains(scope.at)
            })
            .collect();
        let ids: Vec<OrgNodeId> = siblings.iter().map(|other| other.id).collect();
        let found = storage.list_boundaries(&ids).await?;
        let beside = found
            .into_iter()
            .filter_map(|(id, boundary)| {
                let node = siblings.iter().find(|node| node.id == id)?;
                Some((node.clone(), boundary))
            })
            .collect();
        let community = storage.list_boundaries(&[parent]).await?.pop();
        let editions = storage
            .list_boundary_editions(&node.id, MOST_EDITIONS)
            .await?;
        Ok(Self {
            node,
            community: community.map(|(_, boundary)| boundary),
            beside,
            editions,
        })
    }

    fn seen(&self) -> u32 {
        self.editions.first().map_or(0, |edition| edition.number)
    }

    fn check(&self, boundary: &Boundary) -> fit::Fit {
        let piece = |node: &OrgNode, boundary: &Boundary| Piece {
            name: format!("{} {}", node.name, node.code.as_deref().unwrap_or_default()),
            attribute: node.attribute,
            boundary: boundary.clone(),
        };
        let others: Vec<Piece> = self
            .beside
            .iter()
            .map(|(node, boundary)| piece(node, boundary))
            .collect();
        fit::check(
            self.community.as_ref(),
            &piece(&self.node, boundary),
            &others,
        )
    }

    /// What the script draws: rings of the community and of the grids beside,
    /// and where households are, if the person may read them.
    async fn map(&self, state: &AppState, signed_in: &SignedIn) -> Result<String, PageError> {
        let storage = state.storage.as_ref();
        let may_read = signed_in
            .scope
            .may_in(storage, &self.node.id, Data::Household, Act::Read)
            .await?;
        let points: Vec<[f64; 2]> = if may_read {
            load_households(storage, &self.node.id.into())
                .await?
                .iter()
                .filter_map(|household| household.fact.door)
                .map(|door| [door.longitude, door.latitude])
                .collect()
        } else {
            Vec::new()
        };
        let beside: Vec<_> = self
            .beside
            .iter()
            .map(|(node, boundary)| json!({ "name": node.name, "rings": rings(boundary) }))
            .collect();
        Ok(json!({
            "around": self.community.as_ref().map(rings).unwrap_or_default(),
            "beside": beside,
            "points": points,
        })
        .to_string())
    }

    fn views(&self, page: &Page) -> Vec<EditionView> {
        self.editions
            .iter()
            .map(|edition| EditionView {
                number: edition.number,
                by: edition
                    .person_name
                    .clone()
                    .unwrap_or_else(|| page.t("console-command-line")),
                at: edition.at.to_china_text(),
                area_m2: area(&edition.boundary),
                href: (edition.number != self.seen()).then(|| {
                    let (id, number) = (self.node.id, edition.number);
                    format!("/grids/{id}/boundary?edition={number}")
                }),
            })
            .collect()
    }

    async fn page(
        &self,
        state: &AppState,
        signed_in: &SignedIn,
        page: Page,
        corners: String,
    ) -> Result<BoundaryPage, PageError> {
        Ok(BoundaryPage {
            href: format!("/grids/{}", self.node.id),
            name: self.node.name.clone(),
            corners,
            seen: self.seen(),
            map: self.map(state, signed_in).await?,
            problems: Vec::new(),
            gaps: Vec::new(),
            others: Vec::new(),
            area_m2: None,
            is_alone: self.community.is_none(),
            editions: self.views(&page),
            page,
        })
    }
}

fn rings(boundary: &Boundary) -> Vec<Vec<[f64; 2]>> {
    boundary
        .rings()
        .flatten()
        .map(|ring| ring.coords().map(|corner| [corner.x, corner.y]).collect())
        .collect()
}

#[expect(clippy::cast_possible_truncation, reason = "square metres of a grid")]
fn area(boundary: &Boundary) -> i64 {
    boundary.area_m2().round() as i64
}

/// What is loaded, or was just done.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct DrawQuery {
    edition: Option<u32>,
    drawn: String,
}

/// `GET /grids/{id}/boundary`
pub(super) async fn get(
    State(state): State<AppState>,
    frame: Frame,
    signed_in: SignedIn,
    Path(id): Path<String>,
    Query(query): Query<DrawQuery>,
) -> Result<Response, PageError> {
    let ground = Ground::find(state.storage.as_ref(), &signed_in, &id).await?;
    let loaded = match query.edition {
        Some(number) => ground
            .editions
            .iter()
            .find(|edition| edition.number == number)
            .ok_or(PageError::NotFound)
            .map(Some)?,
        None => ground.editions.first(),
    };
    let corners = loaded.map(|edition| corners::to_text(&edition.boundary));
    let mut page = frame.page_for(&signed_in);
    let notice = match query.drawn.as_str() {
        "1" => Some(page.t("console-boundary-drawn")),
        "same" => Some(page.t("console-boundary-same")),
        _ => query
            .edition
            .map(|number| page.t1("console-boundary-loaded", "number", number)),
    };
    if let Some(notice) = notice {
        page = page.with_notice(notice);
    }
    let page = ground.page(&state, &signed_in, page, corners.unwrap_or_default());
    render(&page.await?)
}

/// What the form sends.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct DrawForm {
    corners: String,
    seen: u32,
    accept_gaps: String,
    /// `check`: only say how it fits.
    action: String,
}

/// `POST /grids/{id}/boundary`
pub(super) async fn post(
    State(state): State<AppState>,
    frame: Frame,
    Path(id): Path<String>,
    sent: SignedForm<DrawForm>,
) -> Result<Response, PageError> {
    let SignedForm { signed_in, form } = sent;
    let storage = state.storage.as_ref();
    let ground = Ground::find(storage, &signed_in, &id).await?;
    let page = frame.page_for(&signed_in);
    let language = page.language;
    let corners = form.corners.replace("\r\n", "\n");
    let read = corners::from_text(&corners)
        .map_err(|line| page.t1("console-boundary-line", "line", line))
        .and_then(|rings| {
            Boundary::from_rings(&rings, CoordinateSystem::Wgs84)
                .map_err(|error| error.text(language))
        });
    let mut shown = ground.page(&state, &signed_in, page, corners).await?;
    let refuse = |shown: &BoundaryPage| -> Result<Response, PageError> {
        let page = render(shown)?;
        Ok((StatusCode::UNPROCESSABLE_ENTITY, page).into_response())
    };
    let boundary = match read {
        Ok(boundary) => boundary,
        Err(problem) => {
            shown.problems.push(problem);
            return refuse(&shown);
        }
    };
    let fit = ground.check(&boundary);
    let words = |findings: &[wangge_model::boundary::CoverageFinding]| {
        findings.iter().map(|one| one.text(language)).collect()
    };
    shown.problems = words(&fit.problems);
    shown.gaps = words(&fit.gaps);
    shown.others = words(&fit.others);
    shown.area_m2 = Some(area(&boundary));
    if form.action == "check" {
        return render(&shown);
    }
    let must_accept = !fit.gaps.is_empty() && form.accept_gaps != "1";
    if must_accept {
        shown
            .problems
            .push(shown.page.t("console-boundary-accept-gaps-missing"));
    }
    if !shown.problems.is_empty() {
        return refuse(&shown);
    }
    let (scope, node) = (&signed_in.scope, ground.node.id);
    let new = NewBoundary {
        node,
        boundary,
        seen: form.seen,
        person: scope.person,
        at: scope.at,
    };
    match storage.draw_boundary(&new).await {
        Ok(number) if number == ground.seen() => {
            Ok(Redirect::to(&format!("/grids/{node}/boundary?drawn=same")).into_response())
        }
        Ok(number) => {
            let detail = format!("edition {number}");
            audit(
                &state.auth,
                scope.person,
                "boundary_drawn",
                &node.to_string(),
                &detail,
            )
            .await?;
            Ok(Redirect::to(&format!("/grids/{node}/boundary?drawn=1")).into_response())
        }
        Err(StorageError::Changed) => {
            let text = shown.page.t("console-boundary-changed-meanwhile");
            shown.problems.push(text);
            let page = render(&shown)?;
            Ok((StatusCode::CONFLICT, page).into_response())
        }
        Err(error) => Err(error.into()),
    }
}
