//! The rules of cases that a county may set: limits, working days, and whose
//! an incident of a class is (权责清单). Each is a reference set, so it has
//! editions, belongs to a place and holds for what lies below.

use serde::{Deserialize, Serialize};

use super::CaseLimits;
use crate::{
    OrgNodeId,
    deadline::Limit,
    emergency::{EMERGENCY_LIMITS, EmergencyLevel, EmergencyRules},
    working_day::WorkingCalendar,
};

/// Name of the set of limits, see [`CaseLimits`].
pub const CASE_LIMITS: &str = "case_limits";
/// Name of the set of working days, see [`WorkingCalendar::from_json`].
pub const WORKING_CALENDAR: &str = "working_calendar";
/// Name of the set that says which unit a class goes to, see
/// [`ResponsibilityList`].
pub const RESPONSIBILITY_LIST: &str = "responsibility_list";

/// Longest class code of a list, in characters.
const CLASS_CHARS: usize = 32;
/// Most rows of a list: GB/T 31000-2015 and the other classes have some 200.
const MOST_ROWS: usize = 2_000;
/// Longest limit in working days, and in hours.
const LONGEST_DAYS: u16 = 90;
const LONGEST_HOURS: u16 = 24 * 30;
/// Longest time after which a case can be opened again, in days.
const LONGEST_REOPEN: u16 = 366;

/// Which unit is responsible for which class of incident, and how long it has.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ResponsibilityList {
    /// Its rows, in any order.
    pub rows: Vec<Responsibility>,
}

/// One row.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Responsibility {
    /// A class code, or what the codes of several classes begin with. Of
    /// several rows the longest holds.
    pub class: String,
    /// Whose incidents of this class are.
    pub unit: OrgNodeId,
    /// How long it has; not given: as the level says.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub limit: Option<Limit>,
}

impl ResponsibilityList {
    /// The row of a class.
    pub fn find(&self, class: &str) -> Option<&Responsibility> {
        self.rows
            .iter()
            .filter(|row| class.starts_with(&row.class))
            .max_by_key(|row| row.class.len())
    }
}

/// The rules that hold at one place. Default: those that are built in, and no
/// list of responsibilities.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CaseRules {
    /// How long each level may take.
    pub limits: CaseLimits,
    /// Which days are worked.
    pub calendar: WorkingCalendar,
    /// Which unit a class goes to.
    pub responsibility: ResponsibilityList,
    /// What limits become in an emergency.
    pub emergency: EmergencyRules,
}

impl Default for CaseRules {
    fn default() -> Self {
        Self {
            limits: CaseLimits::default(),
            calendar: WorkingCalendar::built_in().clone(),
            responsibility: ResponsibilityList::default(),
            emergency: EmergencyRules::default(),
        }
    }
}

/// Why rules cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CaseRulesError {
    /// Not of this set's shape; a negative limit is no number of days.
    #[error("not a valid set: {0}")]
    Json(String),
    /// A limit of nothing, or longer than any that was ever set.
    #[error("{0} is out of bounds")]
    Bounds(&'static str),
    /// A row without a class, or two of one class.
    #[error("row {0}: an empty or repeated class")]
    Class(usize),
}

impl CaseRules {
    /// The names of the sets these rules are made of.
    pub const SETS: [&'static str; 4] = [
        CASE_LIMITS,
        WORKING_CALENDAR,
        RESPONSIBILITY_LIST,
        EMERGENCY_LIMITS,
    ];

    /// Reads one set over what is there.
    pub fn read(&mut self, name: &str, body: &[u8]) -> Result<(), CaseRulesError> {
        let json = |error: serde_json::Error| CaseRulesError::Json(error.to_string());
        match name {
            CASE_LIMITS => {
                let limits: CaseLimits = serde_json::from_slice(body).map_err(json)?;
                check_limits(&limits)?;
                self.limits = limits;
            }
            WORKING_CALENDAR => {
                let text = String::from_utf8_lossy(body);
                let calendar = WorkingCalendar::from_json(&text)
                    .map_err(|error| CaseRulesError::Json(error.to_string()))?;
                self.calendar = self.calendar.clone().with(calendar);
            }
            RESPONSIBILITY_LIST => {
                let list: ResponsibilityList = serde_json::from_slice(body).map_err(json)?;
                check_list(&list)?;
                self.responsibility = list;
            }
            EMERGENCY_LIMITS => {
                let rules: EmergencyRules = serde_json::from_slice(body).map_err(json)?;
                check_emergency(&rules)?;
                self.emergency = rules;
            }
            _ => {}
        }
        Ok(())
    }

    /// Shortens what these rules give for as long as an emergency of this level
    /// lasts. Clocks that run already go on as they were promised.
    #[must_use]
    pub fn in_emergency(mut self, level: EmergencyLevel) -> Self {
        let shorter = self.emergency.at(level);
        for row in &mut self.responsibility.rows {
            row.limit = row.limit.map(|limit| shorter.shorten(limit));
        }
        self.limits = shorter.apply(&self.limits);
        self
    }

    /// The units the list names.
    pub fn units(&self) -> impl Iterator<Item = OrgNodeId> + '_ {
        self.responsibility.rows.iter().map(|row| row.unit)
    }
}

fn check_limit(name: &'static str, limit: Limit, least: u16) -> Result<(), CaseRulesError> {
    let fits = match limit {
        Limit::WorkingDays(days) => (least..=LONGEST_DAYS).contains(&days),
        Limit::Hours(hours) => (1..=LONGEST_HOURS).contains(&hours),
    };
    fits.then_some(()).ok_or(CaseRulesError::Bounds(name))
}

fn check_emergency(rules: &EmergencyRules) -> Result<(), CaseRulesError> {
    for level in EmergencyLevel::ALL {
        let at = rules.at(level);
        if !(1..=100).contains(&at.percent) {
            return Err(CaseRulesError::Bounds("percent"));
        }
        at.limits.as_ref().map_or(Ok(()), check_limits)?;
    }
    Ok(())
}

fn check_limits(limits: &CaseLimits) -> Result<(), CaseRulesError> {
    check_limit("community", limits.community, 1)?;
    check_limit("street", limits.street, 1)?;
    check_limit("county", limits.county, 1)?;
    check_limit("on_the_spot", limits.on_the_spot, 0)?;
    check_limit("emergency", limits.emergency, 1)?;
    if limits.longest_delay > LONGEST_DAYS {
        return Err(CaseRulesError::Bounds("longest_delay"));
    }
    if limits.reopen_days > LONGEST_REOPEN {
        return Err(CaseRulesError::Bounds("reopen_days"));
    }
    Ok(())
}

fn check_list(list: &ResponsibilityList) -> Result<(), CaseRulesError> {
    if list.rows.len() > MOST_ROWS {
        return Err(CaseRulesError::Bounds("rows"));
    }
    let mut classes = std::collections::BTreeSet::new();
    for (number, row) in list.rows.iter().enumerate() {
        let is_class = (1..=CLASS_CHARS).contains(&row.class.chars().count());
        if !is_class || !classes.insert(&row.class) {
            return Err(CaseRulesError::Class(number + 1));
        }
        if let Some(limit) = row.limit {
            check_limit("limit", limit, 0)?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(name: &str, body: &str) -> Result<CaseRules, CaseRulesError> {
        let mut rules = CaseRules::default();
        rules.read(name, body.as_bytes()).map(|()| rules)
    }

    #[test]
    fn limits_of_a_county_replace_the_built_in_ones_and_nonsense_is_refused() {
        let rules = read(CASE_LIMITS, r#"{"street": {"working_days": 3}}"#).unwrap();
        assert_eq!(rules.limits.street, Limit::WorkingDays(3));
        assert_eq!(rules.limits.community, CaseLimits::default().community);
        for wrong in [
            r#"{"street": {"working_days": -2}}"#,
            r#"{"street": {"working_days": 0}}"#,
            r#"{"street": {"hours": 9000}}"#,
            r#"{"stret": {"working_days": 2}}"#,
            r#"{"longest_delay": 1000}"#,
        ] {
            assert!(read(CASE_LIMITS, wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn the_longest_class_of_the_list_says_whose_it_is() {
        let (street, county) = (
            OrgNodeId::from_bytes([1; 16]),
            OrgNodeId::from_bytes([2; 16]),
        );
        let rules = read(
            RESPONSIBILITY_LIST,
            &format!(
                r#"{{"rows": [{{"class": "40", "unit": "{street}"}},
                    {{"class": "4005", "unit": "{county}", "limit": {{"working_days": 7}}}}]}}"#
            ),
        )
        .unwrap();
        let unit = |class: &str| rules.responsibility.find(class).map(|row| row.unit);
        assert_eq!(unit("4006"), Some(street));
        assert_eq!(unit("4005"), Some(county));
        assert_eq!(unit("3001"), None);
        let twice = format!(
            r#"{{"rows": [{{"class": "40", "unit": "{street}"}},
                {{"class": "40", "unit": "{county}"}}]}}"#
        );
        assert_eq!(
            read(RESPONSIBILITY_LIST, &twice),
            Err(CaseRulesError::Class(2))
        );
    }

    #[test]
    fn a_year_of_working_days_is_added_to_those_that_are_built_in() {
        let next = r#"{"source": "国办通知", "years": {"2027": {"off": ["01-01"], "work": []}}}"#;
        let rules = read(WORKING_CALENDAR, next).unwrap();
        let years: Vec<i32> = rules.calendar.years().collect();
        assert!(years.contains(&2026) && years.contains(&2027));
    }
}
