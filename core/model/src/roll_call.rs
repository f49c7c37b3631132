//! Roll call of an emergency (点名): somebody who works in its area says where they
//! are, also offline; the server decides whether the answer counts.
//!
//! A phone asks and the server decides, as with cases. It is one sentence about
//! one person and belongs to no record, so it travels beside records.

use crate::{
    Timestamp,
    emergency::REASON_CHARS,
    message::{Language, message, message_id},
};

/// What somebody answers. The texts are `roll-state-<word>`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum RollState {
    /// At their post.
    InPlace,
    /// Under way.
    OnTheWay,
    /// Cannot come, with a reason.
    CannotCome,
}

impl RollState {
    /// All.
    pub const ALL: [Self; 3] = [Self::InPlace, Self::OnTheWay, Self::CannotCome];

    /// Stable word.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::InPlace => "in_place",
            Self::OnTheWay => "on_the_way",
            Self::CannotCome => "cannot_come",
        }
    }

    /// The one with this word.
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.as_str() == word)
    }

    /// What it is called.
    pub fn text(self, language: Language) -> String {
        message(language, &message_id("roll-state", self.as_str()), &[])
    }
}

/// Why an answer does not count. The texts are `roll-refused-<code>`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, thiserror::Error)]
pub enum RollRefusal {
    /// Something this server does not know, from a newer phone.
    #[error("no such answer")]
    State,
    /// Not coming needs a reason of 2 to [`REASON_CHARS`] characters; no other
    /// answer may have a longer one.
    #[error("not coming needs a reason of 2 to {REASON_CHARS} characters")]
    Reason,
    /// There is no such emergency.
    #[error("there is no such emergency")]
    Unknown,
    /// It has not begun, or is over.
    #[error("the emergency does not hold")]
    Over,
    /// The person works nowhere in its area.
    #[error("the person is not on the roll")]
    NotOnRoll,
    /// They said something else after it.
    #[error("a later answer is there already")]
    Superseded,
}

impl RollRefusal {
    /// All.
    pub const ALL: [Self; 6] = [
        Self::State,
        Self::Reason,
        Self::Unknown,
        Self::Over,
        Self::NotOnRoll,
        Self::Superseded,
    ];

    /// Stable code.
    pub const fn code(self) -> &'static str {
        match self {
            Self::State => "state",
            Self::Reason => "reason",
            Self::Unknown => "unknown",
            Self::Over => "over",
            Self::NotOnRoll => "not_on_roll",
            Self::Superseded => "superseded",
        }
    }

    /// The one with this code.
    pub fn parse(code: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|refusal| refusal.code() == code)
    }

    /// What is wrong and what to do about it.
    pub fn text(self, language: Language) -> String {
        message(language, &message_id("roll-refused", self.code()), &[])
    }
}

/// Whether an answer may have this reason.
pub fn check_reason(state: RollState, reason: &str) -> Result<(), RollRefusal> {
    let length = reason.trim().chars().count();
    let least = if state == RollState::CannotCome { 2 } else { 0 };
    if (least..=REASON_CHARS).contains(&length) {
        Ok(())
    } else {
        Err(RollRefusal::Reason)
    }
}

/// What an answer is held against.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RollFacts {
    /// From when on the emergency holds.
    pub starts_at: Timestamp,
    /// From when on no more.
    pub ends_at: Timestamp,
    /// Whether the person works in its area now.
    pub is_on_roll: bool,
    /// When they gave the answer that counts so far.
    pub last_given_at: Option<Timestamp>,
}

/// Whether an answer that was given at `given_at` and came at `at` counts;
/// without facts there is no such emergency. What comes after the end does not:
/// nobody acts on the roll any more, and a phone's clock proves nothing.
pub fn decide(
    given_at: Timestamp,
    facts: Option<&RollFacts>,
    at: Timestamp,
) -> Result<(), RollRefusal> {
    let facts = facts.ok_or(RollRefusal::Unknown)?;
    if at < facts.starts_at || at >= facts.ends_at {
        return Err(RollRefusal::Over);
    }
    if !facts.is_on_roll {
        return Err(RollRefusal::NotOnRoll);
    }
    if facts.last_given_at.is_some_and(|last| given_at < last) {
        return Err(RollRefusal::Superseded);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_counts_while_the_emergency_holds_and_nothing_later_was_said() {
        let time = Timestamp::from_millis;
        let facts = RollFacts {
            starts_at: time(100),
            ends_at: time(200),
            is_on_roll: true,
            last_given_at: None,
        };
        let of = |facts: RollFacts, given_at, at| decide(time(given_at), Some(&facts), time(at));
        assert_eq!(of(facts, 150, 150), Ok(()));
        assert_eq!(of(facts, 150, 199), Ok(()), "it may come late");
        assert_eq!(
            of(facts, 150, 200),
            Err(RollRefusal::Over),
            "but not after the end"
        );
        assert_eq!(of(facts, 99, 99), Err(RollRefusal::Over));
        let stranger = RollFacts {
            is_on_roll: false,
            ..facts
        };
        assert_eq!(of(stranger, 150, 150), Err(RollRefusal::NotOnRoll));
        let said = RollFacts {
            last_given_at: Some(time(160)),
            ..facts
        };
        assert_eq!(of(said, 159, 170), Err(RollRefusal::Superseded));
        assert_eq!(of(said, 160, 170), Ok(()));
        assert_eq!(
            decide(time(150), None, time(150)),
            Err(RollRefusal::Unknown)
        );
    }

    #[test]
    fn not_coming_needs_a_reason() {
        use RollState::{CannotCome, InPlace};
        assert_eq!(check_reason(InPlace, ""), Ok(()));
        assert_eq!(check_reason(CannotCome, " 病 "), Err(RollRefusal::Reason));
        assert_eq!(check_reason(CannotCome, "家中老人住院"), Ok(()));
        let long = "长".repeat(REASON_CHARS + 1);
        for state in RollState::ALL {
            assert_eq!(check_reason(state, &long), Err(RollRefusal::Reason));
        }
    }

    #[test]
    fn every_state_and_refusal_has_a_text_in_both_languages() {
        for language in Language::ALL {
            for state in RollState::ALL {
                assert_eq!(RollState::parse(state.as_str()), Some(state));
                assert!(!state.text(language).contains("roll-"));
            }
            for refusal in RollRefusal::ALL {
                assert_eq!(RollRefusal::parse(refusal.code()), Some(refusal));
                assert!(!refusal.text(language).contains("roll-"));
            }
        }
    }
}
