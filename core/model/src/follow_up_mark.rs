//! The restricted follow-up mark (domain reference 3.2): somebody at a
//! household is to be visited by one named worker, so often, until a day.
//!
//! It is no part of any record: documents go whole to every phone of a grid and
//! keep their history, so a mark in one could not be kept from anybody. It is
//! kept by the server alone and shown to the named worker and the officer who
//! ordered it (docs/adr/0030). It says no reason by itself; the legal basis and a
//! note are sealed to those two.

use crate::{
    CivilDay,
    message::{Language, message, message_id},
    visit_plan::Period,
};

/// Longest time a mark holds, in days. A purpose that lasts longer is ordered
/// again, which somebody decides (PIPL art. 19: no longer than necessary).
pub const MOST_DAYS: i32 = 366;
/// Most visits of one period.
pub const MOST_VISITS: u32 = 31;
/// Longest legal basis, in characters; it must have two.
pub const BASIS_CHARS: usize = 200;
/// Longest note, in characters.
pub const NOTE_CHARS: usize = 500;

/// How often, and from when to when.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FollowUpRule {
    /// The period.
    pub period: Period,
    /// Visits in each.
    pub count: u32,
    /// First day.
    pub starts_on: CivilDay,
    /// Last day.
    pub ends_on: CivilDay,
}

/// What is wrong with an order. The texts are `follow-up-mark-<code>`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum FollowUpMarkError {
    /// No legal basis, or one too long.
    #[error("the basis must have 2 to {BASIS_CHARS} characters")]
    Basis,
    /// A note too long.
    #[error("the note may have {NOTE_CHARS} characters")]
    Note,
    /// The last day is past, before the first, or too far off.
    #[error("the days must be in order, not past and within a year")]
    Days,
    /// No number of visits, or too many.
    #[error("1 to {MOST_VISITS} visits in each period")]
    Count,
    /// Nobody was named who works there and may be.
    #[error("somebody who works in the grid must be named")]
    Assignee,
}

impl FollowUpMarkError {
    /// Every one.
    pub const ALL: [Self; 5] = [
        Self::Basis,
        Self::Note,
        Self::Days,
        Self::Count,
        Self::Assignee,
    ];

    /// Stable code.
    pub const fn code(self) -> &'static str {
        match self {
            Self::Basis => "basis",
            Self::Note => "note",
            Self::Days => "days",
            Self::Count => "count",
            Self::Assignee => "assignee",
        }
    }

    /// What is wrong and what to do about it.
    pub fn text(self, language: Language) -> String {
        message(language, &message_id("follow-up-mark", self.code()), &[])
    }
}

impl FollowUpRule {
    /// Whether an order with this rule, basis and note may be given today; the
    /// first thing that is wrong.
    pub fn check(&self, basis: &str, note: &str, today: CivilDay) -> Result<(), FollowUpMarkError> {
        if !(2..=BASIS_CHARS).contains(&basis.trim().chars().count()) {
            return Err(FollowUpMarkError::Basis);
        }
        if note.trim().chars().count() > NOTE_CHARS {
            return Err(FollowUpMarkError::Note);
        }
        if !(0..MOST_DAYS).contains(&self.ends_on.days_since(self.starts_on))
            || self.ends_on < today
        {
            return Err(FollowUpMarkError::Days);
        }
        if !(1..=MOST_VISITS).contains(&self.count) {
            return Err(FollowUpMarkError::Count);
        }
        Ok(())
    }

    /// The days of the period that counts on this day: from its beginning, or
    /// from the first day of the mark, to this day.
    pub fn counted_days(&self, on: CivilDay) -> (CivilDay, CivilDay) {
        let last = on.min(self.ends_on);
        (self.period.start(last).max(self.starts_on), last)
    }

    /// Whether so many visits in the period are as many as are asked for.
    pub fn is_met_by(&self, visits: usize) -> bool {
        usize::try_from(self.count).is_ok_and(|count| visits >= count)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn on(text: &str) -> CivilDay {
        text.parse().unwrap()
    }

    fn rule() -> FollowUpRule {
        FollowUpRule {
            period: Period::Month,
            count: 2,
            starts_on: on("2026-03-10"),
            ends_on: on("2026-06-30"),
        }
    }

    #[test]
    fn an_order_needs_a_basis_an_end_and_a_number() {
        let today = on("2026-03-01");
        let code = |change: &dyn Fn(&mut FollowUpRule), basis: &str, note: &str| {
            let mut rule = rule();
            change(&mut rule);
            rule.check(basis, note, today)
                .err()
                .map(FollowUpMarkError::code)
        };
        assert_eq!(code(&|_| (), "某法第一条", ""), None);
        assert_eq!(code(&|_| (), " 某 ", ""), Some("basis"));
        assert_eq!(code(&|_| (), &"法".repeat(201), ""), Some("basis"));
        assert_eq!(code(&|_| (), "某法", &"记".repeat(501)), Some("note"));
        assert_eq!(
            code(&|r| r.ends_on = on("2026-03-09"), "某法", ""),
            Some("days")
        );
        assert_eq!(
            code(&|r| r.ends_on = on("2027-03-11"), "某法", ""),
            Some("days")
        );
        let past = |r: &mut FollowUpRule| {
            r.starts_on = on("2026-01-01");
            r.ends_on = on("2026-02-28");
        };
        assert_eq!(code(&past, "某法", ""), Some("days"));
        assert_eq!(code(&|r| r.count = 0, "某法", ""), Some("count"));
        assert_eq!(code(&|r| r.count = 32, "某法", ""), Some("count"));
    }

    #[test]
    fn visits_count_from_the_beginning_of_the_period_and_of_the_mark() {
        let days = |day| rule().counted_days(on(day));
        assert_eq!(days("2026-03-20"), (on("2026-03-10"), on("2026-03-20")));
        assert_eq!(days("2026-04-20"), (on("2026-04-01"), on("2026-04-20")));
        assert_eq!(days("2026-07-02"), (on("2026-06-01"), on("2026-06-30")));
        assert!(!rule().is_met_by(1) && rule().is_met_by(2));
    }

    #[test]
    fn every_mistake_has_a_text_in_both_languages() {
        for error in FollowUpMarkError::ALL {
            for language in Language::ALL {
                let text = error.text(language);
                assert!(!text.contains("follow-up-mark-"), "{text}");
            }
        }
    }
}
