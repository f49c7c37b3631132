//! `GET /grids/{id}`: one grid: its size, staff, outline and versions.

use askama::Template;
use axum::{
    extract::{Path, State},
    response::Response,
};
use wangge_model::{
    OrgLevel, OrgNodeId,
    access::{self, Act, Data},
    boundary::Boundary,
};

use super::{
    attribute_text, day,
    line::{self, LineView},
    list::{countable, staff_of, warnings},
    outline::{Drawn, Outline},
    people::MemberView,
    place_above,
};
use crate::{
    AppState,
    auth::SignedIn,
    console::{
        error::PageError,
        frame::{Frame, render},
        page::Page,
    },
    storage::{GridSizeCounts, GridVersion, OrgNode, Storage, StoredRedivision},
};

#[derive(Template)]
#[template(path = "grid.html")]
pub(crate) struct GridPage {
    pub(crate) page: Page,
    pub(crate) grid: GridView,
}

/// A grid in words.
#[derive(Debug, Clone, Default)]
pub(crate) struct GridView {
    /// Where its page is.
    pub href: String,
    /// Its name.
    pub name: String,
    /// Its code.
    pub code: String,
    /// Its kind in words.
    pub attribute: String,
    /// Street and community.
    pub place: String,
    /// From which day.
    pub since: String,
    /// To which day, if it is closed.
    pub until: Option<String>,
    /// What lives there, if the reader may count it.
    pub size: Option<GridSizeCounts>,
    /// Its area in square metres, if it has a boundary.
    pub area_m2: Option<i64>,
    /// What to look at, in words.
    pub warnings: Vec<String>,
    /// Who works there.
    pub members: Vec<MemberView>,
    /// Whom one reports to, the lowest step first.
    pub line: Vec<LineView>,
    /// Its outline among its neighbours.
    pub outline: Option<Outline>,
    /// The reader may draw its boundary.
    pub may_draw: bool,
    /// The reader may see its households and how they stand.
    pub may_see_map: bool,
    /// Versions before and after it.
    pub versions: Vec<VersionView>,
    /// Re-divisions of its community.
    pub redivisions: Vec<RedivisionView>,
}

/// Another version of the same ground.
#[derive(Debug, Clone, Default)]
pub(crate) struct VersionView {
    /// Where its page is.
    pub href: String,
    /// Its name.
    pub name: String,
    /// Its code.
    pub code: String,
    /// From which day.
    pub since: String,
    /// To which day; empty while it is in use.
    pub until: String,
    /// It came before this grid; otherwise it follows.
    pub is_before: bool,
}

/// A re-division that was done.
#[derive(Debug, Clone, Default)]
pub(crate) struct RedivisionView {
    /// Why.
    pub name: String,
    /// When.
    pub at: String,
    /// By whom; empty at the command line.
    pub person: String,
    /// Records moved.
    pub records: u64,
}

impl From<&StoredRedivision> for RedivisionView {
    fn from(stored: &StoredRedivision) -> Self {
        Self {
            name: stored.name.clone(),
            at: stored.at.to_china_text(),
            person: stored.person_name.clone().unwrap_or_default(),
            records: stored.records,
        }
    }
}

/// A grid the person may see: in their scope, or if it is closed in a community
/// of their scope.
pub(super) async fn find(
    storage: &dyn Storage,
    signed_in: &SignedIn,
    id: &str,
) -> Result<OrgNode, PageError> {
    let id: OrgNodeId = id.parse().map_err(|_| PageError::NotFound)?;
    let node = storage
        .find_node(&id)
        .await?
        .filter(|node| node.level == OrgLevel::Grid)
        .ok_or(PageError::NotFound)?;
    let scope = &signed_in.scope;
    let is_closed = node.validity().is_over(scope.at);
    let asked = if is_closed {
        node.parent
    } else {
        Some(node.id)
    };
    let asked = asked.ok_or(PageError::NotFound)?;
    let seats = storage.list_seats(&scope.person, &asked, scope.at).await?;
    let may_see = seats
        .into_iter()
        .any(|seat| access::may(seat, Data::GridMap, Act::Read));
    may_see.then_some(node).ok_or(PageError::NotFound)
}

/// The grid's outline with its community and the grids beside it; none if it has
/// no boundary.
pub(super) async fn outline(
    storage: &dyn Storage,
    node: &OrgNode,
) -> Result<Option<Outline>, PageError> {
    let around = Surroundings::find(storage, node).await?;
    Ok(around
        .has_own()
        .then(|| Outline::draw(&around.drawn()))
        .flatten())
}

/// A grid's boundary with those around it.
pub(super) struct Surroundings<'a> {
    node: &'a OrgNode,
    siblings: Vec<OrgNode>,
    found: Vec<(OrgNodeId, Boundary)>,
}

impl<'a> Surroundings<'a> {
    /// Its community and the grids that were beside it at its time.
    pub(super) async fn find(storage: &dyn Storage, node: &'a OrgNode) -> Result<Self, PageError> {
        let mut around = Self {
            node,
            siblings: Vec::new(),
            found: Vec::new(),
        };
        let Some(parent) = node.parent else {
            return Ok(around);
        };
        let last = node
            .valid_to
            .map_or(node.valid_from, |to| to.plus_millis(-1));
        let at = node.valid_from.max(last);
        around.siblings = storage
            .list_children(Some(&parent))
            .await?
            .into_iter()
            .filter(|other| {
                other.level == OrgLevel::Grid
                    && other.id != node.id
                    && other.validity().contains(at)
            })
            .collect();
        let mut ids = vec![parent];
        ids.extend(around.siblings.iter().map(|sibling| sibling.id));
        ids.push(node.id);
        around.found = storage.list_boundaries(&ids).await?;
        Ok(around)
    }

    fn has_own(&self) -> bool {
        self.found.iter().any(|(id, _)| *id == self.node.id)
    }

    /// What there is to draw, the grid itself last.
    pub(super) fn drawn(&self) -> Vec<Drawn<'_>> {
        self.found
            .iter()
            .map(|(id, boundary)| {
                let sibling = self.siblings.iter().find(|sibling| sibling.id == *id);
                let is_own = *id == self.node.id;
                Drawn {
                    boundary,
                    label: match sibling {
                        Some(sibling) => &sibling.name,
                        None if is_own => &self.node.name,
                        None => "",
                    },
                    is_own,
                    is_around: Some(*id) == self.node.parent,
                }
            })
            .collect()
    }
}

fn versions(all: &[GridVersion], node: &OrgNode) -> Vec<VersionView> {
    let Some(own) = all.iter().find(|version| version.node.id == node.id) else {
        return Vec::new();
    };
    all.iter()
        .filter_map(|version| {
            let id = version.node.id;
            let is_before = own.predecessors.contains(&id);
            (is_before || own.successors.contains(&id)).then(|| VersionView {
                href: format!("/grids/{id}"),
                name: version.node.name.clone(),
                code: version.node.code.clone().unwrap_or_default(),
                since: day(version.node.valid_from),
                until: version.node.valid_to.map(day).unwrap_or_default(),
                is_before,
            })
        })
        .collect()
}

/// `GET /grids/{id}`
pub(super) async fn get(
    State(state): State<AppState>,
    frame: Frame,
    signed_in: SignedIn,
    Path(id): Path<String>,
) -> Result<Response, PageError> {
    let storage = state.storage.as_ref();
    let node = find(storage, &signed_in, &id).await?;
    let scope = &signed_in.scope;
    let is_in_use = node.validity().contains(scope.at);
    let may_count = countable(storage, &signed_in).await?.contains(&node.id);
    let size = if may_count {
        storage.list_grid_sizes(&[node.id]).await?.pop()
    } else {
        None
    };
    // Of a closed grid: who worked there at the end.
    let at = node
        .valid_to
        .filter(|_| !is_in_use)
        .map_or(scope.at, |to| to.plus_millis(-1));
    let members = storage.list_members(&[node.id], at).await?;
    let boundary = storage.list_boundaries(&[node.id]).await?.pop();
    let warnings = if is_in_use {
        let staff = staff_of(&members, &node.id);
        warnings(&state, &node, size, &staff, boundary.is_some())
    } else {
        Vec::new()
    };
    let place: Vec<String> = place_above(storage, &node.id)
        .await?
        .into_iter()
        .map(|place| place.name)
        .collect();
    let (all, redivisions) = match &node.parent {
        None => (Vec::new(), Vec::new()),
        Some(parent) => (
            storage.list_grid_versions(parent).await?,
            storage.list_redivisions(parent).await?,
        ),
    };
    let may_draw = is_in_use
        && scope
            .may_in(storage, &node.id, Data::GridMap, Act::Write)
            .await?;
    #[expect(clippy::cast_possible_truncation, reason = "square metres of a grid")]
    let area_m2 = boundary.map(|(_, boundary)| boundary.area_m2().round() as i64);
    let grid = GridView {
        href: format!("/grids/{}", node.id),
        name: node.name.clone(),
        code: node.code.clone().unwrap_or_default(),
        attribute: attribute_text(&node, frame.language),
        place: place.join(" "),
        since: day(node.valid_from),
        until: node.valid_to.map(day),
        size,
        area_m2,
        warnings: warnings
            .iter()
            .map(|warning| warning.text(frame.language))
            .collect(),
        members: members
            .iter()
            .map(|member| MemberView::of(member, &node.name, at, frame.language))
            .collect(),
        line: if is_in_use {
            line::find(storage, &node.id, scope.at, frame.language).await?
        } else {
            Vec::new()
        },
        outline: outline(storage, &node).await?,
        may_draw,
        may_see_map: is_in_use && super::map::may_see(storage, scope, &node.id).await?,
        versions: versions(&all, &node),
        redivisions: redivisions.iter().map(RedivisionView::from).collect(),
    };
    render(&GridPage {
        page: frame.page_for(&signed_in),
        grid,
    })
}
