//! The phone side of Wangge: records collected offline, kept encrypted, and
//! synced with the server. Shells reach it through `wangge-ffi`; the simulator
//! and the demo use it as it is.
//!
//! * [`Core`]: what a shell holds; open it, use it, drop it.
//! * [`record`] and [`draft`]: what a person does with records and drafts;
//!   [`duplicate`]: whether what is typed is on file already; [`form`]: what a
//!   place collects; [`hazard`]: reporting what was found; [`map`]: which grid a point is in;
//!   [`mod@line`]: whom one reports to; [`work_card`]: who one is;
//!   [`quiz`]: what one knows of the own grid.
//! * [`store`]: the encrypted database of one phone.
//! * [`sync`]: the exchange with the server.
//!
//! ```
//! use std::sync::Arc;
//! use wangge_core::{Core, CoreConfig, Error, StoreKey};
//! use wangge_model::{GridId, RecordKind, SystemClock, SystemEntropy, protocol::SoftwareKey};
//!
//! # let directory = std::env::temp_dir().join(format!("wangge-doc-{}", std::process::id()));
//! let entropy = Arc::new(SystemEntropy);
//! let core = Core::open(CoreConfig {
//!     directory: directory.clone(),
//!     key: StoreKey::from_bytes([7; 32]), // from the phone's secret store
//!     clock: Arc::new(SystemClock),
//!     device_key: Arc::new(SoftwareKey::make(entropy.as_ref())),
//!     entropy,
//!     citizen_id_policy: Default::default(),
//!     app_version: "0.1.0".to_owned(),
//!     device_name: "demo".to_owned(),
//! })?;
//! // Before enrolment there is nobody a record could be by.
//! let refused = core.create_record(RecordKind::Visit, GridId::from_bytes([1; 16]), &[]);
//! assert!(matches!(refused, Err(Error::NotEnrolled)));
//! # drop(core);
//! # std::fs::remove_dir_all(directory).ok();
//! # Ok::<(), Error>(())
//! ```

pub mod case;
mod config;
mod core;
pub mod draft;
pub mod duplicate;
pub mod emergency;
mod error;
pub mod form;
pub mod hazard;
mod incident_class;
mod indexer;
pub mod line;
pub mod map;
pub mod plan;
pub mod port;
pub mod quiz;
pub mod record;
mod reference;
pub mod store;
pub mod survey;
pub mod sync;
pub mod visit_map;
pub mod work;
pub mod work_card;

pub use crate::{
    case::{CaseQueue, CaseRow, CaseView},
    config::{CoreConfig, StoreKey},
    core::Core,
    draft::Draft,
    duplicate::{Duplicate, DuplicateSign},
    emergency::{HeldEmergency, RollCallAnswer, RollCallOutcome},
    error::{Error, Result},
    line::{LineOfReport, ReportPerson, ReportStep},
    map::LocatedGrid,
    plan::{DayEntry, DayPlan, DayStop, GridCoverage, PlanQuery},
    quiz::{QuizKind, QuizQuestion, QuizResult},
    record::{
        ConflictCandidate, ConflictView, HistoryView, RecordQuery, RecordRow, RecordState,
        RecordView, Refusal, StateCounts,
    },
    store::{Recovery, Store, StoreError},
    visit_map::MappedHousehold,
    work::{Entries, WorkSum},
    work_card::{CardStanding, WorkCard, WorkCardPlace},
};
