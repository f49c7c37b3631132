//! Emergency mode (平急转换): for some days a place works by shorter limits and
//! people assigned beforehand are called out.
//!
//! Level 1 is everyday work and never declared; level 2 reinforces an area
//! (重点区域加强), level 3 is the emergency response (应急响应). Source: domain
//! document, section 5.5 (seed 001 part 4); limits and bounds are our own.
//!
//! Phones get each as a reference set while it lasts, see [`Emergency`]; one
//! that does not know the name keeps the set and does nothing with it.

use serde::{Deserialize, Serialize};

use crate::{
    Timestamp,
    case::CaseLimits,
    deadline::Limit,
    message::{Language, message, message_id},
};

/// Name of the set of limits in emergencies, see [`EmergencyRules`].
pub const EMERGENCY_LIMITS: &str = "emergency_limits";
/// What the names of the sets that tell phones of emergencies begin with; the
/// emergency's id follows.
pub const EMERGENCY: &str = "emergency.";
/// Classes of incidents that are emergencies by themselves, whatever was ticked:
/// 80 突发事件 (domain document, section 5.1 d).
pub const EMERGENCY_CLASS: &str = "80";

/// Longest emergency, in days: the longest call-out. What lasts longer is
/// declared anew.
pub const MOST_DAYS: i32 = 90;
/// Longest reason, and longest name of who ordered it, in characters; both must
/// have two.
pub const REASON_CHARS: usize = 200;

/// How far an emergency goes. The texts are `emergency-level-<word>`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum EmergencyLevel {
    /// Level 2: reinforced.
    Reinforced,
    /// Level 3: emergency response.
    Response,
}

impl EmergencyLevel {
    /// Both, the lower first.
    pub const ALL: [Self; 2] = [Self::Reinforced, Self::Response];

    /// Stable word.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Reinforced => "reinforced",
            Self::Response => "response",
        }
    }

    /// The one with this word.
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|level| level.as_str() == word)
    }

    /// Its number, 2 or 3.
    pub const fn number(self) -> u8 {
        match self {
            Self::Reinforced => 2,
            Self::Response => 3,
        }
    }

    /// The level with this number.
    pub fn from_number(number: u8) -> Option<Self> {
        Self::ALL.into_iter().find(|level| level.number() == number)
    }
}

/// What phones are told of an emergency: the content of its reference set.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Emergency {
    /// Its id.
    pub id: String,
    /// How far it goes.
    pub level: EmergencyLevel,
    /// Why.
    pub reason: String,
    /// Who ordered it, in words.
    pub ordered_by: String,
    /// From when on, in milliseconds since 1970.
    pub starts_at: i64,
    /// From when on no more.
    pub ends_at: i64,
}

impl Emergency {
    /// Whether it holds at this moment.
    pub fn holds(&self, at: Timestamp) -> bool {
        (self.starts_at..self.ends_at).contains(&at.as_millis())
    }

    /// Whether it may be published.
    pub fn check(&self) -> Result<(), EmergencyError> {
        if !is_text(&self.reason) {
            return Err(EmergencyError::Reason);
        }
        if !is_text(&self.ordered_by) {
            return Err(EmergencyError::OrderedBy);
        }
        let longest = i64::from(MOST_DAYS) * 86_400_000;
        if !(1..=longest).contains(&self.ends_at.saturating_sub(self.starts_at)) {
            return Err(EmergencyError::Days);
        }
        Ok(())
    }
}

/// Whether this may be a reason, or the name of who ordered it.
pub fn is_text(text: &str) -> bool {
    (2..=REASON_CHARS).contains(&text.trim().chars().count())
}

/// What is wrong with an emergency. The texts are `emergency-<code>`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum EmergencyError {
    /// No level, or one the person may not declare there.
    #[error("a level the person may declare must be chosen")]
    Level,
    /// No place, or one that is not the person's.
    #[error("a place in scope must be chosen")]
    Place,
    /// The last day is past, or too far off.
    #[error("an emergency ends within {MOST_DAYS} days")]
    Days,
    /// No reason, or one too long.
    #[error("the reason must have 2 to {REASON_CHARS} characters")]
    Reason,
    /// Nobody ordered it, or the name is too long.
    #[error("who ordered it must have 2 to {REASON_CHARS} characters")]
    OrderedBy,
}

impl EmergencyError {
    /// Every one.
    pub const ALL: [Self; 5] = [
        Self::Level,
        Self::Place,
        Self::Days,
        Self::Reason,
        Self::OrderedBy,
    ];

    /// Stable code.
    pub const fn code(self) -> &'static str {
        match self {
            Self::Level => "level",
            Self::Place => "place",
            Self::Days => "days",
            Self::Reason => "reason",
            Self::OrderedBy => "ordered_by",
        }
    }

    /// What is wrong and what to do about it.
    pub fn text(self, language: Language) -> String {
        message(language, &message_id("emergency", self.code()), &[])
    }
}

/// What the limits of cases become at each level.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct EmergencyRules {
    /// At level 2.
    pub reinforced: EmergencyLimits,
    /// At level 3.
    pub response: EmergencyLimits,
}

impl Default for EmergencyRules {
    /// Half and a quarter: our own choice; no source gives figures.
    fn default() -> Self {
        Self {
            reinforced: EmergencyLimits::share(50),
            response: EmergencyLimits::share(25),
        }
    }
}

/// Limits of their own, or a share of the usual ones.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EmergencyLimits {
    /// Percent of the usual limit, by the clock, day and night; 100: as usual.
    /// Does not count where there are limits of their own.
    #[serde(default = "whole")]
    pub percent: u8,
    /// Limits of their own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub limits: Option<CaseLimits>,
}

const fn whole() -> u8 {
    100
}

impl EmergencyLimits {
    const fn share(percent: u8) -> Self {
        Self {
            percent,
            limits: None,
        }
    }

    /// One limit, shortened. A working day counts as 24 hours by the clock, so
    /// the result never ends later than the usual one: the day of the filing
    /// does not count there, nights and weekends do here. What is due the same
    /// day stays so.
    pub fn shorten(&self, limit: Limit) -> Limit {
        let part = |hours: u32| {
            let hours = hours.saturating_mul(u32::from(self.percent)) / 100;
            Limit::Hours(u16::try_from(hours.max(1)).unwrap_or(u16::MAX))
        };
        match limit {
            _ if self.percent == 100 => limit,
            Limit::WorkingDays(0) => limit,
            Limit::WorkingDays(days) => part(u32::from(days) * 24),
            Limit::Hours(hours) => part(u32::from(hours)),
        }
    }

    /// What the limits become.
    pub fn apply(&self, usual: &CaseLimits) -> CaseLimits {
        if let Some(limits) = &self.limits {
            return limits.clone();
        }
        CaseLimits {
            community: self.shorten(usual.community),
            street: self.shorten(usual.street),
            county: self.shorten(usual.county),
            on_the_spot: self.shorten(usual.on_the_spot),
            emergency: self.shorten(usual.emergency),
            longest_delay: usual.longest_delay,
            reopen_days: usual.reopen_days,
        }
    }
}

impl EmergencyRules {
    /// What holds at a level.
    pub const fn at(&self, level: EmergencyLevel) -> &EmergencyLimits {
        match level {
            EmergencyLevel::Reinforced => &self.reinforced,
            EmergencyLevel::Response => &self.response,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn limits_are_shortened_by_the_clock_or_replaced() {
        let rules = EmergencyRules::default();
        let usual = CaseLimits::default();
        let level2 = rules.at(EmergencyLevel::Reinforced).apply(&usual);
        assert_eq!(level2.community, Limit::Hours(12));
        assert_eq!(level2.county, Limit::Hours(36));
        assert_eq!(level2.emergency, Limit::Hours(1));
        assert_eq!(level2.on_the_spot, Limit::WorkingDays(0), "the same day");
        let level3 = rules.at(EmergencyLevel::Response).apply(&usual);
        assert_eq!(level3.community, Limit::Hours(6));
        assert_eq!(level3.emergency, Limit::Hours(1), "at least one hour");
        assert_eq!(level3.longest_delay, usual.longest_delay);
        let own = CaseLimits {
            community: Limit::Hours(4),
            ..CaseLimits::default()
        };
        let rules = EmergencyLimits {
            percent: 10,
            limits: Some(own.clone()),
        };
        assert_eq!(rules.apply(&usual), own);
        assert_eq!(EmergencyLimits::share(100).apply(&usual), usual);
    }

    #[test]
    fn an_emergency_holds_from_its_start_to_its_end_and_says_why() {
        let emergency = Emergency {
            id: "1".to_owned(),
            level: EmergencyLevel::Response,
            reason: "防汛Ⅲ级响应".to_owned(),
            ordered_by: "县防汛抗旱指挥部".to_owned(),
            starts_at: 1_000,
            ends_at: 2_000,
        };
        let holds = |at| emergency.holds(Timestamp::from_millis(at));
        assert_eq!(
            [999, 1_000, 1_999, 2_000].map(holds),
            [false, true, true, false]
        );
        assert_eq!(emergency.check(), Ok(()));
        let code = |change: &dyn Fn(&mut Emergency)| {
            let mut emergency = emergency.clone();
            change(&mut emergency);
            emergency.check().err().map(EmergencyError::code)
        };
        assert_eq!(code(&|e| e.reason = " 汛 ".to_owned()), Some("reason"));
        assert_eq!(code(&|e| e.ordered_by.clear()), Some("ordered_by"));
        assert_eq!(code(&|e| e.ends_at = e.starts_at), Some("days"));
        assert_eq!(code(&|e| e.ends_at = 91 * 86_400_000), Some("days"));
    }

    #[test]
    fn every_level_and_mistake_has_a_text_in_both_languages() {
        for language in Language::ALL {
            for error in EmergencyError::ALL {
                assert!(!error.text(language).contains("emergency-"));
            }
            for level in EmergencyLevel::ALL {
                assert_eq!(EmergencyLevel::parse(level.as_str()), Some(level));
                assert_eq!(EmergencyLevel::from_number(level.number()), Some(level));
                let id = message_id("emergency-level", level.as_str());
                assert_ne!(message(language, &id, &[]), id);
            }
        }
    }
}
