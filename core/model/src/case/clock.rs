//! The clock of a case: when it must be done.

use serde::{Deserialize, Serialize};

use super::state::{CaseLevel, Handling, Urgency};
use crate::{
    Timestamp,
    deadline::{ClockStop, Light, Limit, due_at, light},
    working_day::{CalendarError, WorkingCalendar},
};

/// How long each level may take, and what a delay may add: configuration of a
/// county. Defaults: domain document, section 5.4 (限时办结 1、2、3 天).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct CaseLimits {
    /// At the community desk.
    pub community: Limit,
    /// At the street desk.
    pub street: Limit,
    /// At the county desk, and where other units are needed.
    pub county: Limit,
    /// Done on the spot: the same day (当日销号).
    pub on_the_spot: Limit,
    /// Emergencies, by the clock.
    pub emergency: Limit,
    /// Most working days that delays may add together (special case, 15
    /// working days).
    pub longest_delay: u16,
    /// Days within which a closed case can be opened again.
    pub reopen_days: u16,
}

impl Default for CaseLimits {
    fn default() -> Self {
        Self {
            community: Limit::WorkingDays(1),
            street: Limit::WorkingDays(2),
            county: Limit::WorkingDays(3),
            on_the_spot: Limit::WorkingDays(0),
            emergency: Limit::Hours(2),
            longest_delay: 15,
            reopen_days: 30,
        }
    }
}

impl CaseLimits {
    /// The limit of a case that begins at this level.
    pub fn limit(&self, level: CaseLevel, handling: Handling, urgency: Urgency) -> Limit {
        if urgency == Urgency::Emergency || handling == Handling::Emergency {
            return self.emergency;
        }
        if handling == Handling::OnTheSpot && level == CaseLevel::Community {
            return self.on_the_spot;
        }
        match level {
            CaseLevel::Community => self.community,
            CaseLevel::Street => self.street,
            CaseLevel::County => self.county,
        }
    }
}

/// When a case must be done, and when its clock stood still.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CaseClock {
    /// How long it may take.
    pub limit: Limit,
    /// Since when it runs: the filing, or the last change of level.
    pub started: Timestamp,
    /// When it stood still.
    pub stops: Vec<ClockStop>,
    /// Working days that were granted on top (延期).
    pub extra_days: u16,
    /// When the result was handed in; the clock stands for good until the
    /// result is found wanting.
    pub ended: Option<Timestamp>,
}

impl CaseClock {
    /// A clock that starts.
    pub fn start(limit: Limit, at: Timestamp) -> Self {
        Self {
            limit,
            started: at,
            stops: Vec::new(),
            extra_days: 0,
            ended: None,
        }
    }

    /// Whether it stands still, waiting for the reporter.
    pub fn is_stopped(&self) -> bool {
        self.stops.last().is_some_and(|stop| stop.until.is_none())
    }

    pub(super) fn stop(&mut self, at: Timestamp) {
        self.stops.push(ClockStop {
            from: at,
            until: None,
        });
    }

    pub(super) fn go_on(&mut self, at: Timestamp) {
        if let Some(stop) = self.stops.last_mut()
            && stop.until.is_none()
        {
            stop.until = Some(at);
        }
    }

    /// When it is due. An error if a year's holidays are not loaded: shown as
    /// such, never guessed.
    pub fn due_at(
        &self,
        now: Timestamp,
        calendar: &WorkingCalendar,
    ) -> Result<Timestamp, CalendarError> {
        match self.limit {
            Limit::WorkingDays(days) => due_at(
                Limit::WorkingDays(days.saturating_add(self.extra_days)),
                self.started,
                &self.stops,
                now,
                calendar,
            ),
            limit @ Limit::Hours(_) => {
                let due = due_at(limit, self.started, &self.stops, now, calendar)?;
                if self.extra_days == 0 {
                    return Ok(due);
                }
                due_at(Limit::WorkingDays(self.extra_days), due, &[], now, calendar)
            }
        }
    }

    /// How it stands: at `now`, or when the result was handed in.
    pub fn light(
        &self,
        now: Timestamp,
        calendar: &WorkingCalendar,
    ) -> Result<Light, CalendarError> {
        let at = self.ended.unwrap_or(now);
        Ok(light(self.started, self.due_at(at, calendar)?, at))
    }
}
