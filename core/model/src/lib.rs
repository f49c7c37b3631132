//! What Wangge is about, without any input or output: records and how they
//! merge, rules and codes, wire messages, and the guard every foreign change
//! passes. Phone and server share this crate, so both judge alike.
//!
//! * [`document`]: a record as an Automerge document, its schema, edits,
//!   conflicts and history; [`summary`] is its list row; [`household`],
//!   [`place`], [`visit`] and [`incident`] read it as a whole; [`member_move`]
//!   takes a person from one household to another.
//! * [`hazard`]: what was found at a household or place, until it is gone.
//! * [`duplicate`]: what tells that two files are about the same; [`likeness`]:
//!   that two reports may be.
//! * [`collection`]: collection lists (采集清单), the form they make of a record,
//!   and with [`record_problem`] what is wrong with what stands in it.
//! * [`guard`]: the gate for changes from elsewhere.
//! * [`visit_plan`]: which visits count, what is due, in which order to walk.
//! * [`follow_up_mark`]: who is to be visited by one named worker, which only
//!   two people see.
//! * [`survey`]: what is asked at the door and counted without names.
//! * [`task`]: what departments push down to grids, and what may enter them.
//! * [`emergency`]: days on which a place works by shorter limits;
//!   [`roll_call`]: who is there then.
//! * [`mod@reference`]: what the server authors for phones.
//! * [`protocol`]: messages, signatures, digests and limits.
//! * [`grid_code`], [`citizen_id`], [`phone_number`], [`credit_code`],
//!   [`permit`], [`plate`], [`coordinate`], [`masking`], [`text`]: the rules
//!   of the field, each with its source.
//! * [`qr_code`]: what is dark of a QR code.
//! * [`org`]: levels, places, roles, size and staff of grids; [`access`]: who
//!   may see and do what.
//! * [`mod@case`]: what happens to an incident, from report to archive;
//!   [`working_day`] and [`deadline`]: when it is due.
//! * [`message`]: every text a person reads, in Chinese and English.
//!
//! ```
//! use wangge_model::{ActorId, FieldPath, FieldValue, RecordKind, Timestamp};
//! use wangge_model::document::{FieldEdit, RecordDocument};
//!
//! let room = FieldPath::new("address.room")?;
//! let mut one = RecordDocument::new(RecordKind::Household);
//! let mut two = one.clone();
//! let edit = |text| [FieldEdit::set(room.clone(), FieldValue::text(text))];
//! one.edit(&edit("501"), ActorId::from_bytes([1; 16]), Timestamp::from_millis(0))?;
//! let change = two
//!     .edit(&edit("502"), ActorId::from_bytes([2; 16]), Timestamp::from_millis(0))?
//!     .ok_or("the edit changed nothing")?;
//! one.apply_own([change.bytes.as_slice()])?;
//! assert_eq!(one.conflicts().len(), 1); // both values are kept
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod civil_day;
mod clock;
mod id;
mod kind;
#[cfg(test)]
mod rule_messages;

pub mod access;
pub mod assessment;
pub mod boundary;
pub mod case;
pub mod citizen_id;
pub mod collection;
pub mod coordinate;
pub mod credit_code;
pub mod deadline;
pub mod document;
pub mod duplicate;
pub mod duty;
pub mod emergency;
pub mod fault_point;
pub mod follow_up_mark;
pub mod grid_code;
pub mod guard;
pub mod hazard;
pub mod hotline;
pub mod household;
pub mod incident;
pub mod incident_class;
pub mod likeness;
pub mod masking;
pub mod member_move;
pub mod merge;
pub mod message;
pub mod org;
pub mod permit;
pub mod phone_number;
pub mod place;
pub mod plate;
pub mod protocol;
pub mod province;
pub mod qr_code;
pub mod record_problem;
pub mod redivision;
pub mod reference;
pub mod resident;
pub mod roll_call;
pub mod summary;
pub mod survey;
pub mod task;
pub mod text;
pub mod visit;
pub mod visit_plan;
pub mod work_period;
pub mod working_day;

pub use citizen_id::{CitizenId, CitizenIdError, CitizenIdPolicy, Sex};
pub use civil_day::{CivilDay, InvalidCivilDay};
#[cfg(any(test, feature = "testing"))]
pub use clock::testing;
pub use clock::{Clock, Entropy, SystemClock, SystemEntropy, Timestamp};
pub use coordinate::{CoordinateSystem, LongitudeLatitude, Point, PointError};
pub use credit_code::{CreditCode, CreditCodeError};
pub use document::{ActorId, FieldPath, FieldValue, derive_device_actor, derive_server_actor};
pub use grid_code::{
    DivisionCode, DivisionCodeError, DivisionLevel, GridAttribute, GridCode, GridCodeError,
    GridCodeParts, GridCodeScheme, GridCodeSchemeError, GridCodeScope, Segment, SegmentName,
};
pub use id::{
    ApiTokenId, AssessmentFreezeId, AssessmentRatingId, AssignmentId, AuditId, CallOutId,
    CampaignId, ChangeHash, DeviceId, DutyId, EmergencyId, FollowUpMarkId, GridId, Incarnation,
    InvalidId, MemberId, MessageId, NoticeId, OrgNodeId, PersonId, QuarantineId, RateCountId,
    RecordId, RedivisionId, ReferenceVersion, RequestId, ServerEpoch, SurveyId, TaskId,
};
pub use kind::{RecordKind, UnknownRecordKind};
pub use masking::MaskingKind;
pub use org::{OrgLevel, Role};
pub use permit::{PermitError, PermitKind, PermitNumber};
pub use phone_number::{LandlineNumber, MobileNumber, PhoneNumber, PhoneNumberError};
pub use plate::{Plate, PlateError, PlateKind};
pub use province::Province;
pub use summary::RecordSummary;
pub use text::{TextError, TextRule};
