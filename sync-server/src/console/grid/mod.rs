//! `/grids`, `/people` and the public list of grids: the register as people
//! look at it, and what is printed from it.
//!
//! Of the register a grid's boundary is drawn here; the rest is changed at the
//! command line and through the JSON API.

pub(crate) mod board;
pub(crate) mod card;
pub(crate) mod detail;
pub(crate) mod draw;
pub(crate) mod line;
pub(crate) mod list;
pub(crate) mod map;
pub(crate) mod outline;
pub(crate) mod people;
pub(crate) mod public;

use axum::{Router, routing::get};
use wangge_model::{
    OrgNodeId, Timestamp,
    message::{Language, message},
};

use super::error::PageError;
use crate::{
    AppState,
    storage::{OrgNode, Storage},
};

/// The routes of the register.
pub(crate) fn router() -> Router<AppState> {
    Router::new()
        .route("/grids", get(list::get))
        .route("/grids/{id}", get(detail::get))
        .route("/grids/{id}/board", get(board::get))
        .route("/grids/{id}/map", get(map::get))
        .route("/grids/{id}/boundary", get(draw::get).post(draw::post))
        .route("/people", get(people::get))
        .route("/people/{id}/card", get(card::get))
        .route("/public/cards/{number}", get(card::public))
        .route("/public/grids", get(public::get))
}

/// A kind of grid in words; empty if it is not known.
fn attribute_text(node: &OrgNode, language: Language) -> String {
    node.attribute
        .map(|attribute| message(language, &attribute.message_id(), &[]))
        .unwrap_or_default()
}

/// The names of the places above a node from the street down, without it.
async fn place_above(storage: &dyn Storage, node: &OrgNodeId) -> Result<Vec<OrgNode>, PageError> {
    let mut line = storage.list_ancestors(node).await?;
    line.pop();
    line.retain(|place| place.level >= wangge_model::OrgLevel::Street);
    Ok(line)
}

/// A day in China.
fn day(at: Timestamp) -> String {
    at.to_china_date()
        .map(|date| date.to_string())
        .unwrap_or_default()
}
