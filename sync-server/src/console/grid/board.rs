//! `GET /grids/{id}/board`: the grid's board (公示牌), to be printed: name, code,
//! range, members and how to reach them.

use askama::Template;
use axum::{
    extract::{Path, State},
    response::Response,
};

use super::{
    attribute_text,
    detail::{find, outline},
    outline::Outline,
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
};

#[derive(Template)]
#[template(path = "board.html")]
pub(crate) struct BoardPage {
    pub(crate) page: Page,
    /// Where the grid's page is.
    pub(crate) href: String,
    pub(crate) name: String,
    pub(crate) code: String,
    pub(crate) attribute: String,
    /// Street and community.
    pub(crate) place: String,
    /// Whoever works there at present: neither assigned beforehand nor shut out.
    pub(crate) members: Vec<MemberView>,
    pub(crate) outline: Option<Outline>,
}

/// `GET /grids/{id}/board`
pub(super) async fn get(
    State(state): State<AppState>,
    frame: Frame,
    signed_in: SignedIn,
    Path(id): Path<String>,
) -> Result<Response, PageError> {
    let storage = state.storage.as_ref();
    let node = find(storage, &signed_in, &id).await?;
    let at = signed_in.scope.at;
    if !node.validity().contains(at) {
        return Err(PageError::NotFound);
    }
    let members = storage.list_members(&[node.id], at).await?;
    let place: Vec<String> = place_above(storage, &node.id)
        .await?
        .into_iter()
        .map(|place| place.name)
        .collect();
    render(&BoardPage {
        page: frame.page_for(&signed_in),
        href: format!("/grids/{}", node.id),
        name: node.name.clone(),
        code: node.code.clone().unwrap_or_default(),
        attribute: attribute_text(&node, frame.language),
        place: place.join(" "),
        members: members
            .iter()
            .filter(|member| member.active && !member.assignment.reserve)
            .map(|member| MemberView::of(member, &node.name, at, frame.language))
            .collect(),
        outline: outline(storage, &node).await?,
    })
}
