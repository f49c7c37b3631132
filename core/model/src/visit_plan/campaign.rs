//! Campaigns (集中走访): households a supervisor wants visited by a day, with
//! what to check there. The body of a reference set `campaign.<id>` of a grid.

use serde::{Deserialize, Serialize};

use super::LoggedVisit;
use crate::{
    CivilDay, RecordId,
    document::schema::VISIT_KIND,
    message::{Language, message, message_id},
};

/// A campaign, as far as one grid goes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Campaign {
    /// Names it.
    pub id: String,
    /// What it is called.
    pub title: String,
    /// What it is about.
    #[serde(default)]
    pub note: String,
    /// Kind the visits are entered as, see
    /// [`crate::document::schema::VISIT_KIND`].
    pub kind: String,
    /// First day.
    pub starts_on: CivilDay,
    /// Last day.
    pub ends_on: CivilDay,
    /// What to check at each household.
    #[serde(default)]
    pub checks: Vec<CheckItem>,
    /// Whom to visit, ascending.
    pub households: Vec<RecordId>,
}

/// One thing to check.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CheckItem {
    /// Its entry in a visit's `checks`.
    pub id: String,
    /// What to check.
    pub text: String,
}

/// What is wrong with a campaign somebody wrote. The texts are
/// `campaign-<code>`.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CampaignError {
    /// No title, or one too long.
    #[error("the title must have 1 to 60 characters")]
    Title,
    /// A note too long.
    #[error("the note may have 500 characters")]
    Note,
    /// No such kind of visit.
    #[error("there is no kind of visit {0:?}")]
    Kind(String),
    /// The last day before the first, or more than a year after it.
    #[error("the days must be in order and within a year")]
    Days,
    /// Too many things to check, or one without text.
    #[error("at most 30 things to check, each with 1 to 100 characters")]
    Checks,
    /// Nobody to visit.
    #[error("no household is named")]
    NoHousehold,
    /// More households than a set may name.
    #[error("more than {at_most} households")]
    TooMany {
        /// How many may be.
        at_most: usize,
    },
}

/// Most households of one grid in a campaign.
pub const MOST_HOUSEHOLDS: usize = 20_000;
/// Most things to check.
pub const MOST_CHECKS: usize = 30;

impl CampaignError {
    /// Stable code.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Title => "title",
            Self::Note => "note",
            Self::Kind(_) => "kind",
            Self::Days => "days",
            Self::Checks => "checks",
            Self::NoHousehold => "no_household",
            Self::TooMany { .. } => "too_many",
        }
    }

    /// What is wrong and what to do about it.
    pub fn text(&self, language: Language) -> String {
        let limit = match self {
            Self::TooMany { at_most } => at_most.to_string(),
            _ => String::new(),
        };
        message(
            language,
            &message_id("campaign", self.code()),
            &[("limit", &limit)],
        )
    }
}

impl Campaign {
    /// Whether it may be published; the first thing that is wrong.
    pub fn check(&self) -> Result<(), CampaignError> {
        let length = |text: &str| text.trim().chars().count();
        if !(1..=60).contains(&length(&self.title)) {
            return Err(CampaignError::Title);
        }
        if length(&self.note) > 500 {
            return Err(CampaignError::Note);
        }
        if !VISIT_KIND.contains(&self.kind.as_str()) {
            return Err(CampaignError::Kind(self.kind.chars().take(40).collect()));
        }
        if !(0..=366).contains(&self.ends_on.days_since(self.starts_on)) {
            return Err(CampaignError::Days);
        }
        let is_check = |check: &CheckItem| {
            (1..=100).contains(&length(&check.text)) && (1..=36).contains(&check.id.len())
        };
        if self.checks.len() > MOST_CHECKS || !self.checks.iter().all(is_check) {
            return Err(CampaignError::Checks);
        }
        if self.households.is_empty() {
            return Err(CampaignError::NoHousehold);
        }
        if self.households.len() > MOST_HOUSEHOLDS {
            return Err(CampaignError::TooMany {
                at_most: MOST_HOUSEHOLDS,
            });
        }
        Ok(())
    }

    /// Whether a visit is one of the campaign's: within its days, and named
    /// after it or, where no plan is named, of its kind.
    pub fn is_served_by(&self, plan: &str, kind: &str, day: CivilDay) -> bool {
        let is_meant = plan == self.id || (plan.is_empty() && kind == self.kind);
        is_meant && day >= self.starts_on && day <= self.ends_on
    }

    /// Whether it asks for a visit of the household on this day.
    pub(super) fn wants(&self, household: &RecordId, visits: &[LoggedVisit], on: CivilDay) -> bool {
        let is_open = on >= self.starts_on && on <= self.ends_on;
        is_open
            && self.households.binary_search(household).is_ok()
            && !visits.iter().any(|visit| {
                visit.counts()
                    && visit.day <= on
                    && self.is_served_by(&visit.plan, &visit.kind, visit.day)
            })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn campaign() -> Campaign {
        Campaign {
            id: "c1".to_owned(),
            title: "燃气安全排查".to_owned(),
            note: String::new(),
            kind: "campaign".to_owned(),
            starts_on: "2026-03-01".parse().unwrap(),
            ends_on: "2026-03-15".parse().unwrap(),
            checks: vec![CheckItem {
                id: "hose".to_owned(),
                text: "燃气软管是否老化".to_owned(),
            }],
            households: vec![RecordId::from_bytes([1; 16])],
        }
    }

    #[test]
    fn each_mistake_is_named() {
        let code = |change: &dyn Fn(&mut Campaign)| {
            let mut campaign = campaign();
            change(&mut campaign);
            campaign.check().err().map(|error| error.code())
        };
        assert_eq!(code(&|_| ()), None);
        assert_eq!(code(&|c| c.title = "  ".to_owned()), Some("title"));
        assert_eq!(code(&|c| c.note = "平".repeat(501)), Some("note"));
        assert_eq!(code(&|c| c.kind = "raid".to_owned()), Some("kind"));
        assert_eq!(code(&|c| c.ends_on = c.starts_on.plus(-1)), Some("days"));
        assert_eq!(code(&|c| c.checks[0].text.clear()), Some("checks"));
        assert_eq!(code(&|c| c.households.clear()), Some("no_household"));
        let many = |c: &mut Campaign| c.households = vec![c.households[0]; MOST_HOUSEHOLDS + 1];
        assert_eq!(code(&many), Some("too_many"));
    }

    #[test]
    fn a_visit_serves_it_by_name_or_kind_and_by_day() {
        let campaign = campaign();
        let on = |text: &str| text.parse::<CivilDay>().unwrap();
        let serves = |plan: &str, kind: &str, day: &str| campaign.is_served_by(plan, kind, on(day));
        assert!(serves("", "campaign", "2026-03-01"));
        assert!(serves("", "campaign", "2026-03-15"));
        assert!(!serves("", "campaign", "2026-03-16"));
        assert!(!serves("", "household", "2026-03-10"));
        assert!(serves("c1", "care", "2026-03-10"), "named after it");
        assert!(
            !serves("c2", "campaign", "2026-03-10"),
            "another campaign's"
        );
    }
}
