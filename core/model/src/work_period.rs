//! The periods for which work is summed up for meetings: days, weeks (周例会),
//! fortnights (双周研判) and months.

use serde::{Deserialize, Serialize};

use crate::{CivilDay, case::codes, visit_plan::Period};

/// The Monday from which fortnights are counted, 2024-01-01: any would do, as long
/// as every fortnight begins where the one before it ends, also over a new year
/// and in years of 53 weeks (our own choice).
const FIRST_MONDAY: CivilDay = CivilDay::from_number(19_723);
/// Days of a fortnight.
const FORTNIGHT: i32 = 14;

codes! {
    /// One kind of period. The texts are `console-work-<code>`.
    WorkPeriod {
        /// A day.
        Day = "day",
        /// Monday to Sunday.
        Week = "week",
        /// Two weeks.
        Fortnight = "fortnight",
        /// A calendar month.
        Month = "month",
    }
}

impl WorkPeriod {
    /// The first day of the period that a day is in.
    pub fn first(self, day: CivilDay) -> CivilDay {
        match self {
            Self::Day => day,
            Self::Week => Period::Week.start(day),
            Self::Fortnight => {
                let into = day.days_since(FIRST_MONDAY).rem_euclid(FORTNIGHT);
                day.plus(-into)
            }
            Self::Month => Period::Month.start(day),
        }
    }

    /// The last day of the period that a day is in.
    pub fn last(self, day: CivilDay) -> CivilDay {
        match self {
            Self::Day => day,
            Self::Week => Period::Week.last_day(day),
            Self::Fortnight => self.first(day).plus(FORTNIGHT - 1),
            Self::Month => Period::Month.last_day(day),
        }
    }

    /// The days of the period before the one that begins with `first`, as far into
    /// it as `last` is into that one: half a fortnight is compared with half of
    /// the one before.
    pub fn before(self, first: CivilDay, last: CivilDay) -> (CivilDay, CivilDay) {
        let end = first.plus(-1);
        let start = self.first(end);
        let is_whole = last == self.last(first);
        let until = start.plus(last.days_since(first)).min(end);
        (start, if is_whole { end } else { until })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn day(text: &str) -> CivilDay {
        text.parse().unwrap()
    }

    #[test]
    fn fortnights_are_two_whole_weeks_without_gap_or_overlap() {
        let of = |text: &str| {
            let on = day(text);
            let period = WorkPeriod::Fortnight;
            (period.first(on).to_string(), period.last(on).to_string())
        };
        let days = |first: &str, last: &str| (first.to_owned(), last.to_owned());
        assert_eq!(of("2024-01-01"), days("2024-01-01", "2024-01-14"));
        assert_eq!(of("2024-01-15"), days("2024-01-15", "2024-01-28"));
        assert_eq!(of("2023-12-31"), days("2023-12-18", "2023-12-31"));
        // 2026 has 53 weeks: the fortnight over the new year is one like others.
        let mut at = day("2026-12-01");
        for _ in 0..60 {
            let last = WorkPeriod::Fortnight.last(at);
            assert_eq!(last.days_since(WorkPeriod::Fortnight.first(at)), 13);
            assert_eq!(last.plus(1), WorkPeriod::Fortnight.first(last.plus(1)));
            assert_eq!(
                WorkPeriod::Week.first(last.plus(1)),
                last.plus(1),
                "a Monday"
            );
            at = last.plus(1);
        }
    }

    #[test]
    fn what_is_not_over_is_compared_with_as_much_of_the_one_before() {
        let before = |period: WorkPeriod, first: &str, last: &str| {
            let (first, last) = period.before(day(first), day(last));
            format!("{first} {last}")
        };
        let fortnight = WorkPeriod::Fortnight;
        assert_eq!(
            before(fortnight, "2024-01-15", "2024-01-28"),
            "2024-01-01 2024-01-14"
        );
        assert_eq!(
            before(fortnight, "2024-01-15", "2024-01-17"),
            "2024-01-01 2024-01-03"
        );
        assert_eq!(
            before(WorkPeriod::Month, "2026-03-01", "2026-03-31"),
            "2026-02-01 2026-02-28"
        );
        assert_eq!(
            before(WorkPeriod::Month, "2026-03-01", "2026-03-30"),
            "2026-02-01 2026-02-28"
        );
        assert_eq!(
            before(WorkPeriod::Day, "2026-03-01", "2026-03-01"),
            "2026-02-28 2026-02-28"
        );
    }
}
