//! The periods that are assessed: months, quarters and years (月考核、季考核、年度考核).

use chrono::Datelike as _;

use crate::{CivilDay, visit_plan::Period};

/// One month, quarter or year.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct AssessmentPeriod {
    kind: Period,
    first: CivilDay,
}

impl AssessmentPeriod {
    /// The kinds there are, shortest first.
    pub const KINDS: [Period; 3] = [Period::Month, Period::Quarter, Period::Year];

    /// The period of a kind that a day is in; `None` if periods of that kind are
    /// not assessed.
    pub fn of(kind: Period, day: CivilDay) -> Option<Self> {
        Self::KINDS.contains(&kind).then(|| Self {
            kind,
            first: kind.start(day),
        })
    }

    /// The month that a day is in.
    pub fn month(day: CivilDay) -> Self {
        Self {
            kind: Period::Month,
            first: day.month_start(),
        }
    }

    /// The period with this number, see [`Self::number`].
    pub fn from_number(number: i32) -> Option<Self> {
        let day = |year: i32, month: i32| {
            CivilDay::from_ymd(year, u32::try_from(month).ok()?, 1).filter(|_| year >= 1_000)
        };
        match number {
            1_000..=9_999 => Self::of(Period::Year, day(number, 1)?),
            10_000..=99_999 => {
                let quarter = number % 10;
                let known = (1..=4).contains(&quarter);
                Self::of(Period::Quarter, day(number / 10, quarter * 3 - 2)?).filter(|_| known)
            }
            100_000..=999_999 => Self::of(Period::Month, day(number / 100, number % 100)?),
            _ => None,
        }
    }

    /// Which kind it is.
    pub const fn kind(self) -> Period {
        self.kind
    }

    /// Its first day.
    pub const fn first(self) -> CivilDay {
        self.first
    }

    /// Its last day.
    pub fn last(self) -> CivilDay {
        self.kind.last_day(self.first)
    }

    /// How many months it has.
    pub const fn months(self) -> u32 {
        match self.kind {
            Period::Year => 12,
            Period::Quarter => 3,
            _ => 1,
        }
    }

    /// A number of its own: months like 202603, quarters like 20261, years like
    /// 2026.
    pub fn number(self) -> i32 {
        let date = self.first.to_date();
        let month = date.month().cast_signed();
        match self.kind {
            Period::Year => date.year(),
            Period::Quarter => date.year() * 10 + (month - 1) / 3 + 1,
            _ => date.year() * 100 + month,
        }
    }

    /// The numbers of its months, in order.
    pub fn month_numbers(self) -> Vec<i32> {
        (0..self.months())
            .map(|after| Self::month(self.first.plus_months_start(after.cast_signed())).number())
            .collect()
    }

    /// The same period a year before.
    #[must_use]
    pub fn year_before(self) -> Self {
        Self {
            kind: self.kind,
            first: self.first.plus_months_start(-12),
        }
    }

    /// The period before it.
    #[must_use]
    pub fn previous(self) -> Self {
        Self {
            kind: self.kind,
            first: self.first.plus_months_start(-self.months().cast_signed()),
        }
    }

    /// The period after it.
    #[must_use]
    pub fn next(self) -> Self {
        Self {
            kind: self.kind,
            first: self.first.plus_months_start(self.months().cast_signed()),
        }
    }

    /// As people write it: `2026-03`, `2026-Q1`, `2026`.
    pub fn text(self) -> String {
        let date = self.first.to_date();
        match self.kind {
            Period::Year => date.format("%Y").to_string(),
            Period::Quarter => format!("{}-Q{}", date.format("%Y"), date.month0() / 3 + 1),
            _ => date.format("%Y-%m").to_string(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_period_knows_its_days_its_number_and_its_neighbours() {
        let day: CivilDay = "2026-05-18".parse().unwrap();
        let told = |kind| {
            let period = AssessmentPeriod::of(kind, day).unwrap();
            assert_eq!(AssessmentPeriod::from_number(period.number()), Some(period));
            let days = format!("{} {}", period.first(), period.last());
            let around = [period.previous(), period.next(), period.year_before()];
            (period.text(), days, around.map(AssessmentPeriod::text))
        };
        let texts = |a: &str, b: &str, c: &str| [a, b, c].map(str::to_owned);
        assert_eq!(
            told(Period::Month),
            (
                "2026-05".to_owned(),
                "2026-05-01 2026-05-31".to_owned(),
                texts("2026-04", "2026-06", "2025-05")
            )
        );
        assert_eq!(
            told(Period::Quarter),
            (
                "2026-Q2".to_owned(),
                "2026-04-01 2026-06-30".to_owned(),
                texts("2026-Q1", "2026-Q3", "2025-Q2")
            )
        );
        assert_eq!(
            told(Period::Year),
            (
                "2026".to_owned(),
                "2026-01-01 2026-12-31".to_owned(),
                texts("2025", "2027", "2025")
            )
        );
        assert_eq!(AssessmentPeriod::of(Period::Week, day), None);
        for wrong in [0, 20_260, 20_265, 202_613, 202_600, -1] {
            assert_eq!(AssessmentPeriod::from_number(wrong), None, "{wrong}");
        }
        let quarter = AssessmentPeriod::of(Period::Quarter, day).unwrap();
        assert_eq!(quarter.month_numbers(), [202_604, 202_605, 202_606]);
    }
}
