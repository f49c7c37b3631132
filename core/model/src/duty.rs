//! The duty roster (值班表) and its four rates (四率).
//!
//! Where sitting in an office gave way to being on duty (坐班制转值班制), it is
//! planned who is on duty where and when ([`Shift`]), and four rates tell what
//! residents have of it (source 001): who knows their grid worker (居民认识率),
//! whose problem was solved (问题解决率), who is satisfied (群众满意率), how much of
//! the premises is used (阵地利用率). What the server has no record of by itself
//! somebody counts and enters ([`RateCount`]); where nobody did, there is no rate
//! and no figure is made up.

use serde::{Deserialize, Serialize};

use crate::{
    CivilDay, Timestamp,
    case::codes,
    message::{Language, message, message_id},
    text::typed_line,
};

/// Longest note, in characters.
const NOTE_CHARS: usize = 60;
/// How far ahead duties are planned, in days.
const MOST_DAYS_AHEAD: i32 = 366;
/// How far back a count may lie, in days: the year before is over.
const MOST_DAYS_BACK: i32 = 366;
/// Most of one count; a county has some hundred thousand households.
const MOST_COUNTED: u64 = 1_000_000;
/// Milliseconds of a minute.
const MINUTE_MS: i64 = 60_000;
/// Minutes of a day.
const DAY_MINUTES: i64 = 24 * 60;

codes! {
    /// One of the four rates (四率). The texts are `duty-rate-<code>`, what is
    /// counted `duty-rate-<code>-part` and `duty-rate-<code>-whole`.
    DutyRate {
        /// Residents who know their grid worker, of those asked (居民认识率).
        Recognition = "recognition",
        /// Incidents that were closed, of those filed (问题解决率).
        Solved = "solved",
        /// Residents who are satisfied, of those asked (群众满意率).
        Satisfaction = "satisfaction",
        /// Sessions that took place on the premises, of those on offer (阵地利用率).
        Premises = "premises",
    }
}

impl DutyRate {
    /// Whether somebody counts and enters it; the rest the server knows.
    pub const fn is_entered(self) -> bool {
        !matches!(self, Self::Solved)
    }
}

/// Why a duty or a count is not taken. The texts are `duty-error-<code>`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum DutyError {
    /// No times of a day, or the same twice.
    #[error("from and until must be two times of a day")]
    Times,
    /// No day, one that is over, or one too far ahead.
    #[error("the day must be today or at most {MOST_DAYS_AHEAD} days ahead")]
    Day,
    /// The note is too long or has characters that cannot be shown.
    #[error("the note must have at most {NOTE_CHARS} characters")]
    Note,
    /// No such place, or not one the person plans for.
    #[error("no such place, or not in one's scope")]
    Place,
    /// Nobody of that id works there.
    #[error("nobody of that id works there")]
    Person,
    /// The person is on duty then, here or elsewhere.
    #[error("the person is on duty then")]
    Taken,
    /// Not a rate that is entered.
    #[error("not a rate that is entered")]
    Rate,
    /// Not so many of so many.
    #[error("of 1 to {MOST_COUNTED} so many or fewer")]
    Count,
    /// The day of a count is not known yet or over for long.
    #[error("the day of a count must be today or at most {MOST_DAYS_BACK} days ago")]
    CountDay,
}

impl DutyError {
    /// Every one.
    pub const ALL: [Self; 9] = [
        Self::Times,
        Self::Day,
        Self::Note,
        Self::Place,
        Self::Person,
        Self::Taken,
        Self::Rate,
        Self::Count,
        Self::CountDay,
    ];

    /// Stable code.
    pub const fn code(self) -> &'static str {
        match self {
            Self::Times => "times",
            Self::Day => "day",
            Self::Note => "note",
            Self::Place => "place",
            Self::Person => "person",
            Self::Taken => "taken",
            Self::Rate => "rate",
            Self::Count => "count",
            Self::CountDay => "count_day",
        }
    }

    /// What is wrong and what to do about it.
    pub fn text(self, language: Language) -> String {
        message(language, &message_id("duty-error", self.code()), &[])
    }
}

/// From when to when somebody is on duty.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Shift {
    /// From then on.
    pub starts_at: Timestamp,
    /// Before then.
    pub ends_at: Timestamp,
}

impl Shift {
    /// Of a day and two times in China, such as `08:30` and `17:30`; until an
    /// earlier time is until the next day.
    pub fn read(day: &str, from: &str, until: &str, today: CivilDay) -> Result<Self, DutyError> {
        let day: CivilDay = day.trim().parse().map_err(|_| DutyError::Day)?;
        if !(0..=MOST_DAYS_AHEAD).contains(&day.days_since(today)) {
            return Err(DutyError::Day);
        }
        let from = minute(from).ok_or(DutyError::Times)?;
        let until = minute(until).ok_or(DutyError::Times)?;
        let until = match until - from {
            0 => return Err(DutyError::Times),
            ..0 => until + DAY_MINUTES,
            _ => until,
        };
        let at = |minute: i64| day.start().plus_millis(minute * MINUTE_MS);
        Ok(Self {
            starts_at: at(from),
            ends_at: at(until),
        })
    }
}

/// The minute of the day of a text like `08:30`, in that form only.
fn minute(text: &str) -> Option<i64> {
    let (hour, minute) = text.trim().split_once(':')?;
    let number = |text: &str, below: i64| {
        let is_pair = text.len() == 2 && text.bytes().all(|byte| byte.is_ascii_digit());
        let number: i64 = text.parse().ok().filter(|_| is_pair)?;
        (number < below).then_some(number)
    };
    Some(number(hour, 24)? * 60 + number(minute, 60)?)
}

/// A note as somebody typed it.
pub fn check_note(note: &str) -> Result<String, DutyError> {
    let note = typed_line(note);
    let is_shown = !note.chars().any(char::is_control);
    if is_shown && note.chars().count() <= NOTE_CHARS {
        Ok(note)
    } else {
        Err(DutyError::Note)
    }
}

/// What somebody counted for a rate that is entered.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RateCount {
    /// Which rate.
    pub rate: DutyRate,
    /// When it was counted.
    pub day: CivilDay,
    /// How many count.
    pub part: u64,
    /// Of how many.
    pub whole: u64,
    /// How it was counted; may be empty.
    pub note: String,
}

impl RateCount {
    /// Whether it may be entered today; the first thing that is wrong.
    pub fn check(mut self, today: CivilDay) -> Result<Self, DutyError> {
        if !self.rate.is_entered() {
            return Err(DutyError::Rate);
        }
        if !(1..=MOST_COUNTED).contains(&self.whole) || self.part > self.whole {
            return Err(DutyError::Count);
        }
        if !(0..=MOST_DAYS_BACK).contains(&today.days_since(self.day)) {
            return Err(DutyError::CountDay);
        }
        self.note = check_note(&self.note)?;
        Ok(self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn today() -> CivilDay {
        "2026-03-18".parse().unwrap()
    }

    #[test]
    fn a_shift_is_two_times_of_a_day_and_may_go_on_after_midnight() {
        let read = |day: &str, from: &str, until: &str| {
            let shift = Shift::read(day, from, until, today())?;
            let texts = [shift.starts_at, shift.ends_at].map(Timestamp::to_china_text);
            Ok::<_, DutyError>(texts)
        };
        let texts = |from: &str, until: &str| Ok([from.to_owned(), until.to_owned()]);
        assert_eq!(
            read("2026-03-18", "08:30", " 17:30"),
            texts("2026-03-18 08:30", "2026-03-18 17:30")
        );
        assert_eq!(
            read("2026-03-31", "18:00", "08:00"),
            texts("2026-03-31 18:00", "2026-04-01 08:00")
        );
        assert_eq!(read("2026-03-18", "08:30", "08:30"), Err(DutyError::Times));
        for wrong in [
            "",
            "8:30",
            "24:00",
            "08:60",
            "-1:00",
            "０８:３０",
            "08:30:00",
        ] {
            assert_eq!(read("2026-03-18", wrong, "17:30"), Err(DutyError::Times));
        }
        let far = today().plus(367).to_string();
        for wrong in ["2026-03-17", &far, "2026-02-30", "", "-2026-03-18"] {
            assert_eq!(
                read(wrong, "08:30", "17:30"),
                Err(DutyError::Day),
                "{wrong}"
            );
        }
    }

    #[test]
    fn a_count_is_so_many_of_so_many_of_a_rate_that_is_entered() {
        let count = RateCount {
            rate: DutyRate::Recognition,
            day: today(),
            part: 17,
            whole: 20,
            note: " 电话\n抽查 ".to_owned(),
        };
        let check = |change: &dyn Fn(&mut RateCount)| {
            let mut count = count.clone();
            change(&mut count);
            count.check(today())
        };
        assert_eq!(check(&|_| ()).unwrap().note, "电话抽查");
        assert_eq!(check(&|c| c.part = 21), Err(DutyError::Count));
        let nothing = check(&|c| (c.part, c.whole) = (0, 0));
        assert_eq!(nothing, Err(DutyError::Count));
        assert_eq!(check(&|c| c.whole = u64::MAX), Err(DutyError::Count));
        let solved = check(&|c| c.rate = DutyRate::Solved);
        assert_eq!(solved, Err(DutyError::Rate));
        let tomorrow = check(&|c| c.day = today().plus(1));
        assert_eq!(tomorrow, Err(DutyError::CountDay));
        let long = check(&|c| c.note = "查".repeat(61));
        assert_eq!(long, Err(DutyError::Note));
    }

    #[test]
    fn every_rate_and_every_mistake_has_its_texts() {
        for language in Language::ALL {
            for error in DutyError::ALL {
                assert!(!error.text(language).contains("duty-error"), "{error:?}");
            }
            for rate in DutyRate::ALL {
                let id = message_id("duty-rate", rate.as_str());
                for id in [id.clone(), format!("{id}-part"), format!("{id}-whole")] {
                    assert_ne!(message(language, &id, &[]), id);
                }
            }
        }
    }
}
