//! The line of report (逐级报告) on the phone, without a network: whom somebody who
//! works in a grid reports to, from the roster the server told.

use wangge_model::{
    GridId, MaskingKind, OrgLevel, OrgNodeId, Role, Timestamp, org::LineStep, protocol::RosterPlace,
};

use crate::{Core, Error, Result};

/// Whom the person reports to.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct LineOfReport {
    /// The steps above the person's own that somebody is on, the lowest first:
    /// whoever is on the first is whom to report to.
    pub steps: Vec<ReportStep>,
    /// When the server last confirmed it; `None`: it never told.
    pub confirmed_at: Option<Timestamp>,
}

/// A step of the line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReportStep {
    /// Which.
    pub step: LineStep,
    /// Who; of several places of one step the nearest to the grid first. Never
    /// empty.
    pub people: Vec<ReportPerson>,
}

/// Somebody to report to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReportPerson {
    /// Name.
    pub name: String,
    /// As what.
    pub role: Role,
    /// Name of the place they answer for.
    pub place: String,
    /// The phone number as it is shown; empty if there is none.
    pub masked_phone: String,
    /// What dials it (`tel:…`, RFC 3966); empty if there is none.
    pub call_link: String,
}

impl Core {
    /// The line of report above the person in one of their grids.
    pub fn line_of_report(&self, grid: GridId) -> Result<LineOfReport> {
        let grants = self.store.list_grids()?;
        let grant = grants.iter().find(|grant| grant.grid == grid);
        let grant = grant.ok_or(Error::NotFound { what: "grid" })?;
        let Some((roster, confirmed_at)) = self.store.load_roster()? else {
            return Ok(LineOfReport::default());
        };
        let above = self.store.list_places_above(grid)?;
        let nearest_first = std::iter::once(OrgNodeId::from(grid)).chain(above);
        let places: Vec<&RosterPlace> = nearest_first
            .filter_map(|node| roster.places.iter().find(|place| place.node == node))
            .collect();
        let own = grant.role.parse().ok().and_then(step_of_grid);
        let steps = LineStep::ALL.into_iter().filter(|step| Some(*step) > own);
        Ok(LineOfReport {
            steps: steps
                .map(|step| ReportStep {
                    step,
                    people: places.iter().flat_map(|place| on(step, place)).collect(),
                })
                .filter(|step| !step.people.is_empty())
                .collect(),
            confirmed_at: Some(confirmed_at),
        })
    }
}

/// The step of somebody whose grant names this role: grants name grids only, so
/// it is that of a place where the role can be held.
fn step_of_grid(role: Role) -> Option<LineStep> {
    let levels = role.spec().levels;
    let level = if levels.contains(&OrgLevel::Grid) {
        OrgLevel::Grid
    } else {
        levels.last().copied()?
    };
    LineStep::of(role, level)
}

/// Who is on a step at a place. Levels and roles of a newer server are on none.
fn on(step: LineStep, place: &RosterPlace) -> Vec<ReportPerson> {
    let Ok(level) = place.level.parse::<OrgLevel>() else {
        return Vec::new();
    };
    let people = place.people.iter().filter_map(|person| {
        let role: Role = person.role.parse().ok()?;
        (LineStep::of(role, level) == Some(step)).then(|| ReportPerson {
            name: person.name.clone(),
            role,
            place: place.name.clone(),
            masked_phone: MaskingKind::Mobile.mask(&person.phone),
            call_link: call_link(&person.phone),
        })
    });
    people.collect()
}

/// The number without what people put between its digits.
fn call_link(phone: &str) -> String {
    let plus = if phone.trim_start().starts_with('+') {
        "+"
    } else {
        ""
    };
    let digits: String = phone.chars().filter(char::is_ascii_digit).collect();
    if digits.is_empty() {
        return String::new();
    }
    format!("tel:{plus}{digits}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_call_link_has_digits_only() {
        assert_eq!(call_link("138 0013-8000"), "tel:13800138000");
        assert_eq!(call_link("+86 138 0013 8000"), "tel:+8613800138000");
        assert_eq!(call_link("0531-8888 0000"), "tel:053188880000");
        assert_eq!(call_link("无"), "");
    }

    #[test]
    fn the_own_step_follows_from_the_role() {
        assert_eq!(step_of_grid(Role::GridWorker), Some(LineStep::Workers));
        assert_eq!(step_of_grid(Role::GridHead), Some(LineStep::Head));
        assert_eq!(step_of_grid(Role::ServiceDesk), Some(LineStep::Community));
        assert_eq!(step_of_grid(Role::Auditor), None);
    }
}
