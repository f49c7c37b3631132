//! The organisation tree and who works in it, as rules: levels, where a place
//! may lie and which code it may have, roles, the size of a grid and who has to
//! be in it.
//!
//! Owns no storage and no text: errors and warnings carry a code and values,
//! their words are in `messages/*/org.ftl`. Does not own what a role may see or
//! do, see [`crate::access`].

mod level;
mod line;
mod place;
mod role;
mod sizing;
mod staffing;
mod validity;
mod warning;

pub use level::{LevelCode, LevelSpec, OrgLevel, UnknownOrgLevel};
pub use line::LineStep;
pub use place::{Above, PlaceError, check_attribute, check_code, check_level};
pub use role::{
    Duty, Role, RoleError, RoleSpec, UnknownDuty, UnknownRole, WorkingTime, check_assignment,
};
pub use sizing::{GridSize, SizeRange, SizingRules};
pub use staffing::{StaffMember, StaffingRules};
pub use validity::Validity;
pub use warning::GridWarning;
