//! A civil date in Asia/Shanghai, as a number that can be counted with. Due
//! dates, turns and "the same day" are civil days; moments are
//! [`crate::Timestamp`].

use std::{fmt, str::FromStr};

use chrono::{Datelike as _, Days, NaiveDate};
use minicbor::{Decode, Encode};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

use crate::Timestamp;

/// Days from 1 January of the year 1 (day 1 of chrono) to 1970-01-01.
const EPOCH_DAYS_FROM_CE: i32 = 719_163;

/// One day of the calendar, counted from 1970-01-01.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Encode, Decode)]
#[cbor(transparent)]
pub struct CivilDay(#[n(0)] i32);

/// Text that is no date written `YYYY-MM-DD`.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("not a date: {0:?}")]
pub struct InvalidCivilDay(pub String);

impl CivilDay {
    /// The day that is this many days after 1970-01-01 (before, if negative).
    pub const fn from_number(number: i32) -> Self {
        Self(number)
    }

    /// Days since 1970-01-01: the form databases keep.
    pub const fn number(self) -> i32 {
        self.0
    }

    /// The day it is in China at this moment; the last day there is for
    /// moments no calendar reaches.
    pub fn of(at: Timestamp) -> Self {
        at.to_china_date().map_or(Self(i32::MAX), Self::from)
    }

    /// Midnight in China, with which the day begins and the one before ends.
    pub fn start(self) -> Timestamp {
        const DAY_MS: i64 = 24 * 3_600_000;
        const AHEAD_MS: i64 = 8 * 3_600_000;
        Timestamp::from_millis(i64::from(self.0) * DAY_MS - AHEAD_MS)
    }

    /// The day of this date; `None` if there is no such date.
    pub fn from_ymd(year: i32, month: u32, day: u32) -> Option<Self> {
        NaiveDate::from_ymd_opt(year, month, day).map(Self::from)
    }

    /// As chrono's date; the earliest or latest there is beyond its range.
    pub fn to_date(self) -> NaiveDate {
        let days = self.0.saturating_add(EPOCH_DAYS_FROM_CE);
        NaiveDate::from_num_days_from_ce_opt(days).unwrap_or(if self.0 < 0 {
            NaiveDate::MIN
        } else {
            NaiveDate::MAX
        })
    }

    /// The day this many days later (earlier, if negative); saturates.
    #[must_use]
    pub const fn plus(self, days: i32) -> Self {
        Self(self.0.saturating_add(days))
    }

    /// Days from `earlier` to this day; negative if that one is later.
    pub const fn days_since(self, earlier: Self) -> i32 {
        self.0.saturating_sub(earlier.0)
    }

    /// The first day of its month.
    #[must_use]
    pub fn month_start(self) -> Self {
        let date = self.to_date();
        Self::from_ymd(date.year(), date.month(), 1).unwrap_or(self)
    }

    /// The first day of the month `months` later (earlier, if negative).
    #[must_use]
    pub fn plus_months_start(self, months: i32) -> Self {
        let date = self.to_date();
        let month = date
            .year()
            .saturating_mul(12)
            .saturating_add(date.month0().cast_signed())
            .saturating_add(months);
        let number = month.rem_euclid(12).cast_unsigned() + 1;
        Self::from_ymd(month.div_euclid(12), number, 1).unwrap_or(self)
    }

    /// The Monday of its week (ISO 8601, GB/T 7408).
    #[must_use]
    pub fn week_start(self) -> Self {
        let date = self.to_date();
        let back = u64::from(date.weekday().num_days_from_monday());
        date.checked_sub_days(Days::new(back))
            .map_or(self, Self::from)
    }
}

impl From<NaiveDate> for CivilDay {
    fn from(date: NaiveDate) -> Self {
        Self(date.num_days_from_ce() - EPOCH_DAYS_FROM_CE)
    }
}

impl fmt::Display for CivilDay {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.to_date().format("%Y-%m-%d").fmt(f)
    }
}

impl fmt::Debug for CivilDay {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl FromStr for CivilDay {
    type Err = InvalidCivilDay;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let invalid = || InvalidCivilDay(text.chars().take(32).collect());
        let date = NaiveDate::parse_from_str(text, "%Y-%m-%d").map_err(|_| invalid())?;
        let day = Self::from(date);
        // One form only, as in records: no missing zeros, no signs.
        if day.to_string() == text {
            Ok(day)
        } else {
            Err(invalid())
        }
    }
}

impl Serialize for CivilDay {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for CivilDay {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        text.parse().map_err(de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn day(text: &str) -> CivilDay {
        text.parse().unwrap()
    }

    #[test]
    fn a_day_begins_at_midnight_in_china_and_not_a_moment_earlier() {
        let day: CivilDay = "2026-03-01".parse().unwrap();
        let start = day.start();
        assert_eq!(start.to_china_text(), "2026-03-01 00:00");
        assert_eq!(CivilDay::of(start), day);
        assert_eq!(CivilDay::of(start.plus_millis(-1)), day.plus(-1));
        assert_eq!(day.plus(1).start(), start.plus_millis(86_400_000));
    }

    #[test]
    fn a_day_begins_at_midnight_in_china() {
        // 2026-03-31T15:59:59Z is a second before midnight in Shanghai.
        let before = Timestamp::from_millis(1_774_972_799_000);
        assert_eq!(CivilDay::of(before), day("2026-03-31"));
        assert_eq!(CivilDay::of(before.plus_millis(1_000)), day("2026-04-01"));
        assert_eq!(CivilDay::of(Timestamp::from_millis(0)).number(), 0);
    }

    #[test]
    fn months_and_weeks_begin_where_the_calendar_says() {
        assert_eq!(day("2026-03-31").month_start(), day("2026-03-01"));
        assert_eq!(day("2026-01-31").plus_months_start(1), day("2026-02-01"));
        assert_eq!(day("2026-01-15").plus_months_start(-1), day("2025-12-01"));
        assert_eq!(day("2026-03-01").plus_months_start(12), day("2027-03-01"));
        assert_eq!(
            day("2026-03-01").week_start(),
            day("2026-02-23"),
            "a Sunday"
        );
        assert_eq!(
            day("2026-03-02").week_start(),
            day("2026-03-02"),
            "a Monday"
        );
    }

    #[test]
    fn only_the_one_written_form_is_a_day() {
        for text in ["2026-3-1", "2026-02-30", "+2026-03-01", "", "2026/03/01"] {
            assert!(text.parse::<CivilDay>().is_err(), "{text}");
        }
        let json = serde_json::to_string(&day("2026-03-01")).unwrap();
        assert_eq!(json, "\"2026-03-01\"");
        assert_eq!(
            serde_json::from_str::<CivilDay>(&json).unwrap(),
            day("2026-03-01")
        );
        assert!(serde_json::from_str::<CivilDay>("\"soon\"").is_err());
    }

    proptest! {
        #[test]
        fn numbers_and_dates_are_the_same_days(number in -200_000..200_000) {
            let day = CivilDay::from_number(number);
            prop_assert_eq!(CivilDay::from(day.to_date()), day);
            prop_assert_eq!(day.to_string().parse::<CivilDay>(), Ok(day));
            prop_assert!(day.week_start() <= day && day.days_since(day.week_start()) < 7);
            prop_assert!(day.month_start() <= day && day.plus_months_start(1) > day);
        }
    }
}
