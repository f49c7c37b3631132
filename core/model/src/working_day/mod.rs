//! Working days in China: weekdays less public holidays, plus the weekend days
//! that are worked instead (调休).
//!
//! The State Council announces a year's days about November of the year before
//! (domain document, section 8). A year nobody loaded is an error and never
//! silently Monday to Friday: a deadline that is a week off looks like any other.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::OnceLock,
};

use chrono::{Datelike as _, NaiveDate, Weekday};
use serde::{Deserialize, Serialize};

/// 2004 to 2026, with their source.
const BUILT_IN: &str = include_str!("years_2004_2026.json");

/// Longest run of days looked at for one deadline, so that a table that closes
/// every day cannot hang anybody.
const LONGEST_DAYS: u32 = 3_660;

/// Why a day cannot be judged or a table not be used. The texts are
/// `calendar-<code>` in the message files.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CalendarError {
    /// Nobody loaded this year's holidays.
    #[error("the holidays of {year} are not loaded")]
    YearNotLoaded {
        /// The year.
        year: i32,
    },
    /// The table is no table of years.
    #[error("not a calendar: {reason}")]
    Malformed {
        /// What is wrong, for an administrator.
        reason: String,
    },
    /// Further ahead than any deadline: the table closes every day.
    #[error("no working day within ten years")]
    Endless,
}

impl CalendarError {
    /// Stable code for messages.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::YearNotLoaded { .. } => "year_not_loaded",
            Self::Malformed { .. } => "malformed",
            Self::Endless => "endless",
        }
    }
}

/// What differs from Monday to Friday in one year.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
struct Year {
    /// Weekdays that are free.
    off: BTreeSet<NaiveDate>,
    /// Weekend days that are worked.
    work: BTreeSet<NaiveDate>,
}

/// The years that are known, and the days on which this county is closed.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct WorkingCalendar {
    years: BTreeMap<i32, Year>,
    closures: BTreeSet<NaiveDate>,
}

/// The form in which a table is kept: month and day of each day per year.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct CalendarFile {
    source: String,
    years: BTreeMap<String, YearFile>,
    /// Days on which this county alone is closed, `YYYY-MM-DD`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    closures: Vec<NaiveDate>,
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct YearFile {
    off: Vec<String>,
    work: Vec<String>,
}

impl WorkingCalendar {
    /// The years that came with this build: 2004 to 2026.
    pub fn built_in() -> &'static Self {
        static CALENDAR: OnceLock<WorkingCalendar> = OnceLock::new();
        // A test holds that the built-in table reads; an empty one answers
        // every question with "not loaded".
        CALENDAR.get_or_init(|| Self::from_json(BUILT_IN).unwrap_or_default())
    }

    /// Reads a table: `{"source": …, "years": {"2027": {"off": ["01-01", …],
    /// "work": […]}}, "closures": ["2027-03-03"]}`. `off` holds weekdays that
    /// are free, `work` weekend days that are worked.
    pub fn from_json(text: &str) -> Result<Self, CalendarError> {
        let malformed = |reason: String| CalendarError::Malformed { reason };
        let file: CalendarFile =
            serde_json::from_str(text).map_err(|error| malformed(error.to_string()))?;
        let mut calendar = Self {
            closures: file.closures.into_iter().collect(),
            ..Self::default()
        };
        for (name, days) in &file.years {
            let year: i32 = name
                .parse()
                .map_err(|_| malformed(format!("{name} is no year")))?;
            let read = |days: &[String], is_weekend: bool| {
                days.iter()
                    .map(|day| {
                        let text = format!("{year:04}-{day}");
                        let date: NaiveDate = text
                            .parse()
                            .map_err(|_| malformed(format!("{text} is no date")))?;
                        if self::is_weekend(date) == is_weekend {
                            Ok(date)
                        } else {
                            Err(malformed(format!(
                                "{text} is in the wrong list: `off` holds weekdays, `work` days of weekends"
                            )))
                        }
                    })
                    .collect::<Result<BTreeSet<_>, _>>()
            };
            let year_days = Year {
                off: read(&days.off, false)?,
                work: read(&days.work, true)?,
            };
            calendar.years.insert(year, year_days);
        }
        Ok(calendar)
    }

    /// This calendar with the years and closures of another added; a year both
    /// have is the other's.
    #[must_use]
    pub fn with(mut self, other: Self) -> Self {
        self.years.extend(other.years);
        self.closures.extend(other.closures);
        self
    }

    /// The years that are loaded, ascending.
    pub fn years(&self) -> impl Iterator<Item = i32> {
        self.years.keys().copied()
    }

    /// Whether offices work on this day.
    pub fn is_working_day(&self, date: NaiveDate) -> Result<bool, CalendarError> {
        let year = self
            .years
            .get(&date.year())
            .ok_or(CalendarError::YearNotLoaded { year: date.year() })?;
        if self.closures.contains(&date) {
            return Ok(false);
        }
        Ok(if is_weekend(date) {
            year.work.contains(&date)
        } else {
            !year.off.contains(&date)
        })
    }

    /// The `count`-th working day after `date` that `counts` also lets count;
    /// `date` itself is day 0, even if it is a working day.
    pub fn nth_after(
        &self,
        date: NaiveDate,
        count: u16,
        mut counts: impl FnMut(NaiveDate) -> bool,
    ) -> Result<NaiveDate, CalendarError> {
        let mut day = date;
        let mut left = count;
        for _ in 0..LONGEST_DAYS {
            if left == 0 {
                return Ok(day);
            }
            day = day.succ_opt().ok_or(CalendarError::Endless)?;
            if self.is_working_day(day)? && counts(day) {
                left -= 1;
            }
        }
        Err(CalendarError::Endless)
    }

    /// The day `count` working days after `date`.
    pub fn add_working_days(
        &self,
        date: NaiveDate,
        count: u16,
    ) -> Result<NaiveDate, CalendarError> {
        self.nth_after(date, count, |_| true)
    }
}

fn is_weekend(date: NaiveDate) -> bool {
    matches!(date.weekday(), Weekday::Sat | Weekday::Sun)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn day(text: &str) -> NaiveDate {
        text.parse().unwrap()
    }

    #[test]
    fn the_built_in_table_reads_and_counts_as_the_notices_do() {
        let calendar = WorkingCalendar::from_json(BUILT_IN).unwrap();
        assert_eq!(
            calendar.years().collect::<Vec<_>>(),
            (2004..=2026).collect::<Vec<_>>()
        );
        // Working days a year: domain document, section 8.
        for (year, expected) in [(2024, 251), (2025, 248), (2026, 248)] {
            let days = day(&format!("{year}-01-01"))
                .iter_days()
                .take_while(|date| date.year() == year)
                .filter(|date| calendar.is_working_day(*date).unwrap())
                .count();
            assert_eq!(days, expected, "{year}");
        }
    }

    /// The vectors of the domain document, section 8.
    #[test]
    fn deadlines_count_working_days_after_the_first() {
        for (from, count, to) in [
            ("2025-09-26", 1, "2025-09-28"),
            ("2025-09-26", 3, "2025-09-30"),
            ("2025-09-26", 4, "2025-10-09"),
            ("2026-02-13", 1, "2026-02-14"),
            ("2026-02-13", 2, "2026-02-24"),
            ("2026-04-30", 3, "2026-05-08"),
            ("2024-02-08", 2, "2024-02-18"),
            ("2024-09-13", 1, "2024-09-14"),
            ("2025-12-31", 2, "2026-01-05"),
            ("2026-09-19", 1, "2026-09-20"),
            ("2026-09-30", 1, "2026-10-08"),
        ] {
            let calendar = WorkingCalendar::built_in();
            assert_eq!(
                calendar.add_working_days(day(from), count),
                Ok(day(to)),
                "{from} + {count}"
            );
        }
    }

    #[test]
    fn a_year_nobody_loaded_is_an_error_and_no_monday_to_friday() {
        let calendar = WorkingCalendar::built_in();
        let unknown = CalendarError::YearNotLoaded { year: 2027 };
        assert_eq!(
            calendar.is_working_day(day("2027-01-04")),
            Err(unknown.clone())
        );
        assert_eq!(
            calendar.add_working_days(day("2026-12-31"), 1),
            Err(unknown)
        );
        assert_eq!(
            calendar.add_working_days(day("2026-12-30"), 1),
            Ok(day("2026-12-31"))
        );
    }

    #[test]
    fn a_county_adds_years_and_closures_of_its_own() {
        let more = WorkingCalendar::from_json(
            r#"{"source": "示例", "years": {"2027": {"off": ["01-01"], "work": []}},
                "closures": ["2026-12-31"]}"#,
        )
        .unwrap();
        let calendar = WorkingCalendar::built_in().clone().with(more);
        assert_eq!(
            calendar.add_working_days(day("2026-12-30"), 1),
            Ok(day("2027-01-04"))
        );
    }

    #[test]
    fn a_table_with_a_day_in_the_wrong_list_is_refused() {
        for years in [
            r#"{"2027": {"off": ["01-02"], "work": []}}"#, // a Saturday
            r#"{"2027": {"off": [], "work": ["01-04"]}}"#, // a Monday
            r#"{"2027": {"off": ["02-29"], "work": []}}"#,
            r#"{"next": {"off": [], "work": []}}"#,
        ] {
            let text = format!(r#"{{"source": "", "years": {years}}}"#);
            let refused = WorkingCalendar::from_json(&text);
            assert!(
                matches!(refused, Err(CalendarError::Malformed { .. })),
                "{years}: {refused:?}"
            );
        }
    }

    #[test]
    fn a_table_that_closes_every_day_ends() {
        let closures: Vec<NaiveDate> = day("2026-01-01").iter_days().take(365).collect();
        let calendar = WorkingCalendar {
            closures: closures.into_iter().collect(),
            ..WorkingCalendar::built_in().clone()
        };
        assert!(calendar.add_working_days(day("2025-12-31"), 1).is_err());
    }
}
