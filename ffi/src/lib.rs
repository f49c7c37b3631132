//! The core as Kotlin and Swift see it. This crate translates and decides
//! nothing: types, errors and asynchronous calls; what a call does is in
//! `wangge-core`.
//!
//! * [`Core`]: what a shell holds. Its methods are beside their concept:
//!   [`core`](mod@core), [`record`], [`draft`], [`sync`].
//! * [`host`]: what the shell implements: secret store, device key, clock,
//!   listeners.
//! * [`error`]: the one error, by what a shell does about it.
//! * [`household`], [`place`], [`visit`], [`incident`]: records read as a whole.
//! * [`duplicate`]: whether what is typed is on file already.
//! * [`hazard`]: reporting what was found, and looking again.
//! * [`incident_class`]: what a report can be filed under.
//! * [`mod@line`]: whom one reports to; [`work_card`]: who one is; [`quiz`]: what one
//!   knows of the own grid.
//! * [`plan`]: visits that should be made, and whether one counts;
//!   [`visit_map`]: every household with its door and how it stands.
//! * [`survey`]: what is asked at the door and counted without names.
//! * [`work`]: what was done in some days, and what waits behind 访、报、调.
//! * [`form`]: what a place collects of a record, and what is wrong with it.
//! * [`schema`]: which fields there are, for forms, and the texts for them.
//! * [`id`]: ids and times; [`value`]: field values.
//!
//! Types without a life of their own are copied. Where a type of the core fits
//! the boundary as it is, `uniffi::remote` repeats its definition, and a
//! difference does not compile; the others are mirrored by a type of the same
//! name with a `From`.
//!
//! Every method that touches disk or network is `async`. A call that is given
//! up half-way does all or nothing: a write is one closure on a blocking
//! thread, enrolment and sync are tasks of their own.

uniffi::setup_scaffolding!();

pub mod case;
pub mod core;
pub mod draft;
pub mod duplicate;
pub mod emergency;
pub mod error;
pub mod form;
pub mod grid;
pub mod hazard;
pub mod host;
pub mod household;
pub mod id;
pub mod incident;
pub mod incident_class;
pub mod line;
pub mod map;
pub mod place;
pub mod plan;
pub mod quiz;
pub mod record;
pub mod schema;
pub mod software_key;
pub mod survey;
pub mod sync;
pub mod value;
pub mod visit;
pub mod visit_map;
pub mod work;
pub mod work_card;

mod blocking;
mod database_key;

pub use crate::{
    core::{Core, OpenOptions},
    error::AppError,
    host::{DeviceKey, HostClock, SecretStore, SyncListener},
    software_key::SoftwareDeviceKey,
    sync::SyncSession,
};
