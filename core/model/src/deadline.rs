//! When something is due: limits in working days or clock hours, clocks that
//! stop for stated reasons, and the colour that shows how it stands.
//!
//! Source of the defaults (1, 2 and 3 days; 15 working days for special cases;
//! end of the working day 17:30; emergencies in clock hours): domain document,
//! section 5.4. A county may set others.

use chrono::{NaiveDate, NaiveTime};
use serde::{Deserialize, Serialize};

use crate::{
    Timestamp,
    working_day::{CalendarError, WorkingCalendar},
};

/// Offset of civil time in China from UTC; there has been no summer time since
/// 1991.
const CHINA_MS: i64 = 8 * 3_600_000;
/// Milliseconds of an hour.
const HOUR_MS: i64 = 3_600_000;

/// How long something may take.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Limit {
    /// Until the end of the n-th working day after the one on which the clock
    /// started; 0: the end of that same day (当日办结).
    WorkingDays(u16),
    /// So many hours by the clock, nights and holidays included.
    Hours(u16),
}

/// When offices close in China's civil time: a limit in days ends then.
pub const END_OF_WORKING_DAY: NaiveTime = match NaiveTime::from_hms_opt(17, 30, 0) {
    Some(time) => time,
    None => NaiveTime::MIN,
};

/// A time during which the clock stood still.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct ClockStop {
    /// Since when.
    pub from: Timestamp,
    /// Until when; `None`: it still does.
    pub until: Option<Timestamp>,
}

impl ClockStop {
    fn covers(&self, at: Timestamp) -> bool {
        self.from <= at && self.until.is_none_or(|until| at < until)
    }
}

/// How something stands against its limit (亮牌).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Light {
    /// In time.
    Green,
    /// At most a fifth of the time is left.
    Yellow,
    /// Overdue.
    Red,
}

/// The moment something is due, given what the clock did until `now`. A clock
/// that stands still at `now` is taken to go on right then, so that the answer
/// moves on with time and is never too early.
///
/// A limit in days counts a working day if the clock was running when offices
/// closed that day. A limit in hours is moved by as long as the clock stood.
pub fn due_at(
    limit: Limit,
    start: Timestamp,
    stops: &[ClockStop],
    now: Timestamp,
    calendar: &WorkingCalendar,
) -> Result<Timestamp, CalendarError> {
    let until_now = |stop: &ClockStop| ClockStop {
        from: stop.from,
        until: Some(stop.until.unwrap_or(now)),
    };
    match limit {
        Limit::Hours(hours) => {
            let mut due = start.plus_millis(i64::from(hours) * HOUR_MS);
            let mut stops: Vec<ClockStop> = stops.iter().map(until_now).collect();
            stops.sort_by_key(|stop| stop.from);
            let mut reached = start;
            for stop in stops {
                let from = stop.from.max(reached);
                let until = stop.until.unwrap_or(now);
                // What began after the due moment came too late to move it.
                if until <= from || from >= due {
                    continue;
                }
                due = due.plus_millis(until.as_millis() - from.as_millis());
                reached = until;
            }
            Ok(due)
        }
        Limit::WorkingDays(days) => {
            let stops: Vec<ClockStop> = stops.iter().map(until_now).collect();
            let first = china_date(start)?;
            let last = calendar.nth_after(first, days, |day| {
                let closing = closing_time(day);
                !stops.iter().any(|stop| stop.covers(closing))
            })?;
            Ok(closing_time(last))
        }
    }
}

/// How it stands at `now`.
pub fn light(start: Timestamp, due: Timestamp, now: Timestamp) -> Light {
    let left = due.as_millis().saturating_sub(now.as_millis());
    let whole = due.as_millis().saturating_sub(start.as_millis());
    if left < 0 {
        Light::Red
    } else if left.saturating_mul(5) <= whole {
        Light::Yellow
    } else {
        Light::Green
    }
}

fn china_date(at: Timestamp) -> Result<NaiveDate, CalendarError> {
    // Beyond chrono's range there is no year that anybody loaded.
    at.to_china_date()
        .ok_or(CalendarError::YearNotLoaded { year: i32::MAX })
}

/// The moment offices close on this day.
fn closing_time(day: NaiveDate) -> Timestamp {
    let local = day.and_time(END_OF_WORKING_DAY).and_utc();
    Timestamp::from_millis(local.timestamp_millis() - CHINA_MS)
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use chrono::Datelike as _;
    use proptest::prelude::*;

    use super::*;

    fn at(text: &str) -> Timestamp {
        Timestamp::parse_rfc3339(&format!("{text}+08:00")).unwrap()
    }

    fn due(limit: Limit, start: &str, stops: &[ClockStop]) -> Timestamp {
        let calendar = WorkingCalendar::built_in();
        due_at(limit, at(start), stops, at("2026-12-31T00:00:00"), calendar).unwrap()
    }

    fn stop(from: &str, until: &str) -> ClockStop {
        ClockStop {
            from: at(from),
            until: Some(at(until)),
        }
    }

    #[test]
    fn days_end_when_offices_close_and_the_first_does_not_count() {
        let friday = "2025-09-26T09:00:00";
        // 2025-09-28 is a Sunday that is worked, then comes the National Day.
        assert_eq!(
            due(Limit::WorkingDays(1), friday, &[]),
            at("2025-09-28T17:30:00")
        );
        assert_eq!(
            due(Limit::WorkingDays(4), friday, &[]),
            at("2025-10-09T17:30:00")
        );
        assert_eq!(
            due(Limit::WorkingDays(0), friday, &[]),
            at("2025-09-26T17:30:00")
        );
        // Filed on a Saturday evening, one minute before midnight in China.
        assert_eq!(
            due(Limit::WorkingDays(1), "2026-03-07T23:59:00", &[]),
            at("2026-03-09T17:30:00")
        );
    }

    #[test]
    fn emergencies_run_by_the_clock_through_the_night() {
        assert_eq!(
            due(Limit::Hours(2), "2026-10-01T23:00:00", &[]),
            at("2026-10-02T01:00:00")
        );
    }

    #[test]
    fn a_stopped_clock_moves_the_end() {
        let start = "2026-03-02T09:00:00"; // a Monday
        // Over two closings: Tuesday and Wednesday do not count.
        let two = [stop("2026-03-03T10:00:00", "2026-03-05T10:00:00")];
        assert_eq!(
            due(Limit::WorkingDays(2), start, &two),
            at("2026-03-06T17:30:00")
        );
        // Over no closing: the day counts all the same.
        let none = [stop("2026-03-03T10:00:00", "2026-03-03T17:00:00")];
        assert_eq!(
            due(Limit::WorkingDays(1), start, &none),
            at("2026-03-03T17:30:00")
        );
        let hours = [stop("2026-03-02T10:00:00", "2026-03-02T13:00:00")];
        assert_eq!(
            due(Limit::Hours(2), start, &hours),
            at("2026-03-02T14:00:00")
        );
        // Two stops at once stop the clock once; one after the end, not at all.
        let overlapping = [
            stop("2026-03-02T10:00:00", "2026-03-02T12:00:00"),
            stop("2026-03-02T11:00:00", "2026-03-02T12:30:00"),
            stop("2026-03-03T11:00:00", "2026-03-04T12:30:00"),
        ];
        assert_eq!(
            due(Limit::Hours(2), start, &overlapping),
            at("2026-03-02T13:30:00")
        );
    }

    #[test]
    fn a_clock_that_still_stands_moves_the_end_with_time() {
        let calendar = WorkingCalendar::built_in();
        let standing = [ClockStop {
            from: at("2026-03-02T10:00:00"),
            until: None,
        }];
        let ask = |now: &str| {
            due_at(
                Limit::WorkingDays(1),
                at("2026-03-02T09:00:00"),
                &standing,
                at(now),
                calendar,
            )
            .unwrap()
        };
        assert_eq!(ask("2026-03-02T12:00:00"), at("2026-03-03T17:30:00"));
        assert_eq!(ask("2026-03-04T18:00:00"), at("2026-03-05T17:30:00"));
    }

    #[test]
    fn lights_turn_yellow_with_a_fifth_left_and_red_when_overdue() {
        let (start, end) = (Timestamp::from_millis(0), Timestamp::from_millis(1_000));
        for (now, expected) in [
            (0, Light::Green),
            (799, Light::Green),
            (800, Light::Yellow),
            (1_000, Light::Yellow),
            (1_001, Light::Red),
        ] {
            assert_eq!(
                light(start, end, Timestamp::from_millis(now)),
                expected,
                "{now}"
            );
        }
    }

    /// Counts day by day in plain words, from the same table of holidays.
    fn count_by_hand(
        start: NaiveDate,
        days: u16,
        stopped: &HashSet<NaiveDate>,
        off: &HashSet<NaiveDate>,
        work: &HashSet<NaiveDate>,
    ) -> NaiveDate {
        let mut day = start;
        let mut counted = 0;
        while counted < days {
            day = day.succ_opt().unwrap();
            let weekend = day.weekday().number_from_monday() > 5;
            let works = (weekend && work.contains(&day)) || (!weekend && !off.contains(&day));
            if works && !stopped.contains(&day) {
                counted += 1;
            }
        }
        day
    }

    fn table() -> (HashSet<NaiveDate>, HashSet<NaiveDate>) {
        let text = include_str!("working_day/years_2004_2026.json");
        let file: serde_json::Value = serde_json::from_str(text).unwrap();
        let days = |list: &str| {
            file["years"]
                .as_object()
                .unwrap()
                .iter()
                .flat_map(|(year, days)| {
                    days[list].as_array().unwrap().iter().map(move |day| {
                        format!("{year}-{}", day.as_str().unwrap()).parse().unwrap()
                    })
                })
                .collect()
        };
        (days("off"), days("work"))
    }

    #[test]
    fn ten_thousand_random_deadlines_agree_with_counting_by_hand() {
        let (off, work) = table();
        let calendar = WorkingCalendar::built_in();
        let mut runner = proptest::test_runner::TestRunner::new(ProptestConfig {
            cases: 10_000,
            ..ProptestConfig::default()
        });
        // From 2004 to the middle of 2025, so that no deadline leaves the table.
        let inputs = (
            0_i64..7_850 * 86_400,
            0_u16..60,
            prop::collection::vec((0_i64..120 * 24, 0_i64..20 * 24), 0..4),
        );
        runner
            .run(&inputs, |(second, days, stops)| {
                let start = at("2004-01-01T00:00:00").plus_millis(second * 1_000);
                let stops: Vec<ClockStop> = stops
                    .iter()
                    .map(|(after, hours)| ClockStop {
                        from: start.plus_millis(after * HOUR_MS),
                        until: Some(start.plus_millis((after + hours) * HOUR_MS)),
                    })
                    .collect();
                let first = start.to_china_date().unwrap();
                let stopped: HashSet<NaiveDate> = first
                    .iter_days()
                    .take(400)
                    .filter(|day| {
                        let closing = at(&format!("{day}T17:30:00"));
                        stops
                            .iter()
                            .any(|stop| stop.from <= closing && closing < stop.until.unwrap())
                    })
                    .collect();
                let expected = count_by_hand(first, days, &stopped, &off, &work);
                let found = due_at(
                    Limit::WorkingDays(days),
                    start,
                    &stops,
                    at("2026-12-31T00:00:00"),
                    calendar,
                )
                .unwrap();
                prop_assert_eq!(found, at(&format!("{expected}T17:30:00")));
                Ok(())
            })
            .unwrap();
    }
}
