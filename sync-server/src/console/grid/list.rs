//! `GET /grids`: the grids in scope with their size and staff, and what to look
//! at.

use std::collections::{HashMap, HashSet};

use askama::Template;
use axum::{
    extract::{Query, State},
    response::Response,
};
use wangge_model::{
    OrgNodeId,
    org::{GridWarning, StaffMember},
};

use super::attribute_text;
use crate::{
    AppState,
    auth::SignedIn,
    console::{
        error::PageError,
        frame::{Frame, render},
        list::{ListFilter, ListForm, ListPage, PAGE_ROWS},
        page::Page,
    },
    storage::{GridSizeCounts, OrgNode, Storage, TeamMember},
};

#[derive(Template)]
#[template(path = "grids.html")]
pub(crate) struct GridsPage {
    pub(crate) page: Page,
    pub(crate) list: ListPage<GridRow>,
}

/// A grid in the list.
#[derive(Debug, Clone)]
pub(crate) struct GridRow {
    /// Where its page is.
    pub href: String,
    /// Its name.
    pub name: String,
    /// Its code.
    pub code: String,
    /// Its kind in words.
    pub attribute: String,
    /// The community it lies in.
    pub community: String,
    /// What lives there, if the reader may count it.
    pub size: Option<GridSizeCounts>,
    /// People on its staff.
    pub staff: usize,
    /// What to look at, in words.
    pub warnings: Vec<String>,
}

/// The staff of a grid as the rules count it.
pub(crate) fn staff_of(members: &[TeamMember], node: &OrgNodeId) -> Vec<StaffMember> {
    members
        .iter()
        .filter(|member| member.assignment.node == *node && member.active)
        .map(|member| StaffMember {
            person: member.assignment.person,
            role: member.assignment.role,
            is_reserve: member.assignment.reserve,
        })
        .collect()
}

/// What to look at in a grid.
pub(crate) fn warnings(
    state: &AppState,
    node: &OrgNode,
    size: Option<GridSizeCounts>,
    staff: &[StaffMember],
    has_boundary: bool,
) -> Vec<GridWarning> {
    let mut warnings = Vec::new();
    if let Some(size) = size {
        let rules = &state.settings.sizing;
        warnings.extend(rules.check(node.attribute, size.households, size.people));
    }
    warnings.extend(state.settings.staffing.check(staff));
    if !has_boundary {
        warnings.push(GridWarning::NoBoundary);
    }
    warnings
}

/// The grids whose figures the person may see.
pub(super) async fn countable(
    storage: &dyn Storage,
    signed_in: &SignedIn,
) -> Result<HashSet<OrgNodeId>, PageError> {
    let scope = &signed_in.scope;
    let grids = storage
        .list_countable_grids(&scope.person, scope.at)
        .await?;
    Ok(grids.into_iter().collect())
}

/// `GET /grids`
pub(super) async fn get(
    State(state): State<AppState>,
    frame: Frame,
    signed_in: SignedIn,
    Query(form): Query<ListForm>,
) -> Result<Response, PageError> {
    let filter = ListFilter::from(form);
    let storage = state.storage.as_ref();
    let scope = &signed_in.scope;
    let grids: Vec<OrgNode> = storage
        .list_grids_in_scope(&scope.person, scope.at)
        .await?
        .into_iter()
        .filter(|grid| {
            filter.q.split_whitespace().all(|word| {
                grid.name.contains(word)
                    || grid.code.as_deref().is_some_and(|code| code.contains(word))
            })
        })
        .collect();
    let total = grids.len() as u64;
    let first = (filter.page - 1).saturating_mul(u64::from(PAGE_ROWS));
    let shown: Vec<OrgNode> = grids
        .into_iter()
        .skip(usize::try_from(first).unwrap_or(usize::MAX))
        .take(PAGE_ROWS as usize)
        .collect();
    let rows = rows(&state, &frame, &signed_in, &shown).await?;
    let list = ListPage {
        action: "/grids",
        number: filter.page,
        filter,
        grids: Vec::new(),
        sources: Vec::new(),
        rows,
        total,
    };
    render(&GridsPage {
        page: frame.page_for(&signed_in),
        list,
    })
}

async fn rows(
    state: &AppState,
    frame: &Frame,
    signed_in: &SignedIn,
    shown: &[OrgNode],
) -> Result<Vec<GridRow>, PageError> {
    let storage = state.storage.as_ref();
    let ids: Vec<OrgNodeId> = shown.iter().map(|grid| grid.id).collect();
    let may_count = countable(storage, signed_in).await?;
    let sizes = storage.list_grid_sizes(&ids).await?;
    let members = storage.list_members(&ids, signed_in.scope.at).await?;
    let mapped: HashSet<OrgNodeId> = storage.list_mapped(&ids).await?.into_iter().collect();
    let mut names: HashMap<OrgNodeId, String> = HashMap::new();
    let mut rows = Vec::with_capacity(shown.len());
    for (grid, size) in shown.iter().zip(sizes) {
        let community = match grid.parent {
            None => String::new(),
            Some(parent) => {
                if let Some(name) = names.get(&parent) {
                    name.clone()
                } else {
                    let found = storage.find_node(&parent).await?;
                    let name = found.map(|node| node.name).unwrap_or_default();
                    names.insert(parent, name.clone());
                    name
                }
            }
        };
        let size = may_count.contains(&grid.id).then_some(size);
        let staff = staff_of(&members, &grid.id);
        let found = warnings(state, grid, size, &staff, mapped.contains(&grid.id));
        rows.push(GridRow {
            href: format!("/grids/{}", grid.id),
            name: grid.name.clone(),
            code: grid.code.clone().unwrap_or_default(),
            attribute: attribute_text(grid, frame.language),
            community,
            size,
            staff: staff
                .iter()
                .filter(|member| member.role.spec().is_staff && !member.is_reserve)
                .map(|member| member.person)
                .collect::<HashSet<_>>()
                .len(),
            warnings: found
                .iter()
                .map(|warning| warning.text(frame.language))
                .collect(),
        });
    }
    Ok(rows)
}
