//! Periods of the calendar, cut into as many turns as a rule asks visits for:
//! twice a year is one turn from January to June and one from July to December.

use serde::{Deserialize, Serialize};

use crate::CivilDay;

/// A period of the calendar.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Period {
    /// Monday to Sunday.
    Week,
    /// A calendar month.
    Month,
    /// Three calendar months from January, April, July, October.
    Quarter,
    /// January to June, July to December.
    HalfYear,
    /// A calendar year.
    Year,
}

impl Period {
    /// All, shortest first.
    pub const ALL: [Self; 5] = [
        Self::Week,
        Self::Month,
        Self::Quarter,
        Self::HalfYear,
        Self::Year,
    ];

    /// The word in rules and message ids.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Week => "week",
            Self::Month => "month",
            Self::Quarter => "quarter",
            Self::HalfYear => "half_year",
            Self::Year => "year",
        }
    }

    /// The period of this word.
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|period| period.as_str() == word)
    }

    const fn months(self) -> Option<i32> {
        match self {
            Self::Week => None,
            Self::Month => Some(1),
            Self::Quarter => Some(3),
            Self::HalfYear => Some(6),
            Self::Year => Some(12),
        }
    }

    /// The first day of the period a day is in.
    pub fn start(self, day: CivilDay) -> CivilDay {
        use chrono::Datelike as _;
        let Some(months) = self.months() else {
            return day.week_start();
        };
        let into = day.to_date().month0().cast_signed().rem_euclid(months);
        day.plus_months_start(-into)
    }

    /// The first day after the period that begins on this day.
    fn end_after(self, start: CivilDay) -> CivilDay {
        match self.months() {
            Some(months) => start.plus_months_start(months),
            None => start.plus(7),
        }
    }

    /// The last day of the period a day is in.
    pub fn last_day(self, day: CivilDay) -> CivilDay {
        self.end_after(self.start(day)).plus(-1)
    }
}

/// One of the equal parts of a period, each of which asks for one visit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Turn {
    /// First day of the whole period.
    pub(super) period_start: CivilDay,
    /// Its place in the period, from 1.
    pub(super) number: u32,
    /// First day.
    pub(super) first: CivilDay,
    /// Last day.
    pub(super) last: CivilDay,
}

impl Turn {
    /// The turn a day is in, if a period has `count` of them (at least one, at
    /// most one a day).
    pub(super) fn of(day: CivilDay, period: Period, count: u32) -> Self {
        let period_start = period.start(day);
        let period_end = period.end_after(period_start);
        let days = period_end.days_since(period_start).max(1);
        let count = i32::try_from(count).unwrap_or(i32::MAX).clamp(1, days);
        let begins = |number: i32| match period.months() {
            // Whole months, where they come out even.
            Some(months) if months % count == 0 => {
                period_start.plus_months_start(months / count * number)
            }
            _ => period_start.plus(days * number / count),
        };
        let number = (0..count)
            .rev()
            .find(|number| begins(*number) <= day)
            .unwrap_or(0);
        Self {
            period_start,
            number: number.cast_unsigned() + 1,
            first: begins(number),
            last: begins(number + 1).plus(-1),
        }
    }

    /// The turn before this one.
    pub(super) fn before(&self, period: Period, count: u32) -> Self {
        Self::of(self.first.plus(-1), period, count)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn day(text: &str) -> CivilDay {
        text.parse().unwrap()
    }

    fn turn(text: &str, period: Period, count: u32) -> (u32, String, String) {
        let turn = Turn::of(day(text), period, count);
        (turn.number, turn.first.to_string(), turn.last.to_string())
    }

    fn is(number: u32, first: &str, last: &str) -> (u32, String, String) {
        (number, first.to_owned(), last.to_owned())
    }

    #[test]
    fn turns_are_whole_months_where_they_come_out_even() {
        assert_eq!(
            turn("2026-06-30", Period::Year, 2),
            is(1, "2026-01-01", "2026-06-30")
        );
        assert_eq!(
            turn("2026-07-01", Period::Year, 2),
            is(2, "2026-07-01", "2026-12-31")
        );
        assert_eq!(
            turn("2028-02-29", Period::Quarter, 3),
            is(2, "2028-02-01", "2028-02-29")
        );
        assert_eq!(
            turn("2026-03-01", Period::Week, 1),
            is(1, "2026-02-23", "2026-03-01")
        );
        assert_eq!(
            turn("2026-02-11", Period::Month, 3),
            is(2, "2026-02-10", "2026-02-18")
        );
    }

    #[test]
    fn the_turn_before_january_is_in_the_old_year() {
        let turn = Turn::of(day("2026-02-01"), Period::Year, 2);
        let before = turn.before(Period::Year, 2);
        assert_eq!((before.number, before.last), (2, day("2025-12-31")));
    }

    #[test]
    fn periods_have_first_and_last_days() {
        let span = |period: Period| {
            let on = day("2026-05-20");
            (
                period.start(on).to_string(),
                period.last_day(on).to_string(),
            )
        };
        let is = |first: &str, last: &str| (first.to_owned(), last.to_owned());
        assert_eq!(span(Period::Week), is("2026-05-18", "2026-05-24"));
        assert_eq!(span(Period::Month), is("2026-05-01", "2026-05-31"));
        assert_eq!(span(Period::Quarter), is("2026-04-01", "2026-06-30"));
        assert_eq!(span(Period::HalfYear), is("2026-01-01", "2026-06-30"));
        assert_eq!(span(Period::Year), is("2026-01-01", "2026-12-31"));
        for period in Period::ALL {
            assert_eq!(Period::parse(period.as_str()), Some(period));
        }
    }

    proptest! {
        #[test]
        fn turns_cover_every_day_once(
            number in 10_000..25_000,
            count in 0_u32..40,
            place in 0..Period::ALL.len(),
        ) {
            let period = Period::ALL[place];
            let on = CivilDay::from_number(number);
            let turn = Turn::of(on, period, count);
            prop_assert!(turn.first <= on && on <= turn.last);
            let next = Turn::of(turn.last.plus(1), period, count);
            prop_assert_eq!(next.first, turn.last.plus(1));
            prop_assert_eq!(next.before(period, count), turn);
            prop_assert!(turn.period_start <= turn.first);
        }
    }
}
