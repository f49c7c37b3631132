//! What people see in a browser: server-rendered pages in Chinese and English,
//! one file per page. Owns pages, forms, assets. Does not own who somebody is
//! ([`crate::auth`]), what is kept ([`crate::storage`]) nor how a record
//! changes ([`crate::ingest`]).
//!
//! Works without scripts. Every text comes from `console.ftl`, every value is
//! escaped by the template engine.

pub(crate) mod assessment;
mod assets;
pub(crate) mod call_out;
mod campaign;
pub(crate) mod case;
mod class;
mod coverage;
mod devices;
mod duplicate;
pub(crate) mod duty;
mod emergency;
mod error;
pub(crate) mod field;
pub(crate) mod follow_up_mark;
mod frame;
pub(crate) mod grid;
mod home;
mod ledger;
pub(crate) mod link;
mod list;
pub(crate) mod message;
mod notice;
pub(crate) mod order;
mod page;
mod pager;
mod quarantine;
mod record;
pub(crate) mod report_code;
pub(crate) mod resident;
mod review;
pub(crate) mod screening;
mod select;
mod sheet;
mod sign_in;
mod study;
pub(crate) mod survey;
pub(crate) mod task;
#[cfg(test)]
mod tests;
mod visit_rules;
pub(crate) mod work;

use axum::{
    Router, middleware,
    routing::{get, post},
};

pub use error::PageError;

use crate::AppState;

/// The routes of the console, and the answer to addresses nobody knows.
pub fn router() -> Router<AppState> {
    Router::new()
        .route("/", get(home::get))
        .route("/sign-in", get(sign_in::get).post(sign_in::post))
        .route("/sign-out", post(sign_in::sign_out))
        .route("/preferences", get(frame::choose))
        .merge(record::router())
        .merge(case::router())
        .merge(grid::router())
        .merge(duplicate::router())
        .merge(ledger::router())
        .merge(follow_up_mark::router())
        .merge(survey::router())
        .merge(work::router())
        .merge(assessment::router())
        .merge(screening::router())
        .merge(call_out::router())
        .merge(duty::router())
        .merge(emergency::router())
        .merge(notice::router())
        .merge(task::router())
        .merge(message::router())
        .merge(order::router())
        .merge(report_code::router())
        .merge(resident::router())
        .route("/coverage", get(coverage::get))
        .route("/campaigns", get(campaign::list))
        .route("/campaigns/new", get(campaign::new).post(campaign::create))
        .route("/campaigns/{id}", get(campaign::get))
        .route("/campaigns/{id}/close", post(campaign::close))
        .route("/rules", get(visit_rules::list))
        .route(
            "/rules/{node}",
            get(visit_rules::get).post(visit_rules::publish),
        )
        .route("/rules/{node}/withdraw", post(visit_rules::withdraw))
        .route("/devices", get(devices::get))
        .route("/devices/{id}/revoke", post(devices::revoke))
        .route("/review", get(review::list))
        .route("/review/{id}", get(review::get))
        .route("/review/{id}/accept", post(review::accept))
        .route("/review/{id}/refuse", post(review::refuse))
        .route("/quarantine", get(quarantine::list))
        .route("/quarantine/{id}", get(quarantine::get))
        .route("/quarantine/{id}/bytes", get(quarantine::bytes))
        .route("/quarantine/{id}/accept", post(quarantine::accept))
        .route("/quarantine/{id}/seen", post(quarantine::mark_seen))
        .route("/assets/{file}", get(assets::get))
        .fallback(unknown)
        .layer(middleware::from_fn(frame::dress))
}

/// An address nobody knows; those of devices and programs never come here.
async fn unknown() -> PageError {
    PageError::NotFound
}
