//! The line of report above a grid (逐级报告): whoever works in the grid reports to
//! its head, the head to the community, the community to the street, and so on.
//! It follows from assignments; nobody draws it.

use super::{OrgLevel, Role};
use crate::access::Seat;

/// A step of the line, the lowest first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum LineStep {
    /// Grid workers and whoever helps them.
    Workers,
    /// Heads of the grid.
    Head,
    /// The desk of a community.
    Community,
    /// The street's.
    Street,
    /// That of the county or above.
    County,
}

impl LineStep {
    /// All, the lowest first.
    pub const ALL: [Self; 5] = [
        Self::Workers,
        Self::Head,
        Self::Community,
        Self::Street,
        Self::County,
    ];

    /// The step of somebody with this role at a place of this level; none for
    /// those who are beside the line: departments, assessors, auditors,
    /// administrators, helpers of a whole community.
    pub fn of(role: Role, level: OrgLevel) -> Option<Self> {
        let is_in_grid = matches!(level, OrgLevel::Grid | OrgLevel::MicroGrid);
        match role.seat(level) {
            Seat::Light | Seat::GridWorker if is_in_grid => Some(Self::Workers),
            Seat::GridHead if is_in_grid => Some(Self::Head),
            Seat::Community => Some(Self::Community),
            Seat::Street => Some(Self::Street),
            Seat::County => Some(Self::County),
            Seat::Light
            | Seat::GridWorker
            | Seat::GridHead
            | Seat::Department
            | Seat::Assessor
            | Seat::Auditor
            | Seat::Admin => None,
        }
    }

    /// Stable word; its texts are `line-<word>`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Workers => "workers",
            Self::Head => "head",
            Self::Community => "community",
            Self::Street => "street",
            Self::County => "county",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::message::{Language, find_message, message_id};

    #[test]
    fn a_worker_reports_to_the_head_and_a_head_to_the_community() {
        let step = LineStep::of;
        assert_eq!(
            step(Role::GridWorker, OrgLevel::Grid),
            Some(LineStep::Workers)
        );
        assert_eq!(step(Role::GridHead, OrgLevel::Grid), Some(LineStep::Head));
        assert_eq!(
            step(Role::ServiceDesk, OrgLevel::Community),
            Some(LineStep::Community)
        );
        assert_eq!(
            step(Role::Supervisor, OrgLevel::Street),
            Some(LineStep::Street)
        );
        assert!(LineStep::Workers < LineStep::Head && LineStep::Head < LineStep::Community);
    }

    #[test]
    fn whoever_assesses_or_administers_is_beside_the_line() {
        for role in [Role::Assessor, Role::Auditor, Role::Admin] {
            for level in OrgLevel::ALL {
                assert_eq!(LineStep::of(role, level), None, "{role} {level}");
            }
        }
        // A volunteer of the whole community is no step of a grid's line.
        assert_eq!(LineStep::of(Role::Volunteer, OrgLevel::Community), None);
    }

    #[test]
    fn every_step_has_words() {
        for step in LineStep::ALL {
            for language in Language::ALL {
                let id = message_id("line", step.as_str());
                assert!(find_message(language, &id, &[]).is_some(), "{id}");
            }
        }
    }
}
