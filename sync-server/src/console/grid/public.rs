//! `GET /public/grids`: the codes of grids, which are public (网格编码向社会公开).
//! Only if the deployment says so; nobody has to sign in.

use std::collections::HashMap;

use askama::Template;
use axum::{
    extract::{Query, State},
    response::Response,
};
use wangge_model::{OrgNodeId, Role};

use super::attribute_text;
use crate::{
    AppState,
    console::{
        error::PageError,
        frame::{Frame, render},
        list::{ListFilter, ListForm, ListPage, PAGE_ROWS},
        page::Page,
    },
    storage::TeamMember,
};

#[derive(Template)]
#[template(path = "public_grids.html")]
pub(crate) struct PublicGridsPage {
    pub(crate) page: Page,
    pub(crate) list: ListPage<PublicRow>,
}

/// A grid as residents see it.
#[derive(Debug, Clone, Default)]
pub(crate) struct PublicRow {
    /// Its name.
    pub name: String,
    /// Its code.
    pub code: String,
    /// Its kind in words.
    pub attribute: String,
    /// The community it lies in.
    pub community: String,
    /// Its heads with their phone numbers.
    pub heads: Vec<(String, String)>,
}

/// `GET /public/grids`
pub(super) async fn get(
    State(state): State<AppState>,
    frame: Frame,
    Query(form): Query<ListForm>,
) -> Result<Response, PageError> {
    if !state.settings.public_register {
        return Err(PageError::NotFound);
    }
    let filter = ListFilter::from(form);
    let storage = state.storage.as_ref();
    let now = state.clock.now();
    let first = (filter.page - 1).saturating_mul(u64::from(PAGE_ROWS));
    let (grids, total) = storage
        .list_grids_in_use(&filter.q, now, first, PAGE_ROWS)
        .await?;
    let ids: Vec<OrgNodeId> = grids.iter().map(|grid| grid.id).collect();
    let members = storage.list_members(&ids, now).await?;
    let is_head = |member: &&TeamMember| {
        member.active && member.assignment.role == Role::GridHead && !member.assignment.reserve
    };
    let mut names: HashMap<OrgNodeId, String> = HashMap::new();
    for parent in grids.iter().filter_map(|grid| grid.parent) {
        if !names.contains_key(&parent)
            && let Some(node) = storage.find_node(&parent).await?
        {
            names.insert(parent, node.name);
        }
    }
    let rows = grids
        .iter()
        .map(|grid| PublicRow {
            name: grid.name.clone(),
            code: grid.code.clone().unwrap_or_default(),
            attribute: attribute_text(grid, frame.language),
            community: grid
                .parent
                .and_then(|parent| names.get(&parent).cloned())
                .unwrap_or_default(),
            heads: members
                .iter()
                .filter(|member| member.assignment.node == grid.id)
                .filter(is_head)
                .map(|member| (member.name.clone(), member.phone.clone()))
                .collect(),
        })
        .collect();
    let list = ListPage {
        action: "/public/grids",
        number: filter.page,
        filter,
        grids: Vec::new(),
        sources: Vec::new(),
        rows,
        total,
    };
    render(&PublicGridsPage {
        page: frame.page(),
        list,
    })
}
