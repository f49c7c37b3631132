//! Whether a visit counts, by a rule that is data: its figures are
//! configuration, see [`VisitValidity`]. Nothing is refused for it. A visit that
//! does not count is kept like any other and says why; what merely looks odd is
//! a [`Flag`] for a supervisor's eye.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use super::VisitFact;
use crate::{
    CivilDay, RecordId,
    message::{Language, message},
};

/// What makes a visit count. The defaults are those of the domain reference,
/// section 4: result met, at least a minute, within 200 m or a stated reason,
/// not the same household twice on one day, not back-dated by more than seven
/// days. The sources of the field give no figures; a county sets its own.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct VisitValidity {
    /// Results that count, see [`crate::document::schema::VISIT_RESULT`].
    pub results: Vec<String>,
    /// Shortest visit, in seconds.
    pub min_duration_s: u32,
    /// Farthest a visit may be made from the household's door without a
    /// reason, in metres.
    pub max_distance_m: u32,
    /// How much of a point's inaccuracy is in the visitor's favour, in metres. A
    /// phone between high buildings is easily 50 m off; a point that is vaguer
    /// than this proves little, and is flagged.
    pub max_accuracy_m: u32,
    /// Longest time between the day of a visit and the day it was entered, in
    /// days.
    pub max_days_late: u32,
    /// Whether a household counts once a day only.
    pub once_a_day: bool,
}

impl Default for VisitValidity {
    fn default() -> Self {
        Self {
            results: vec!["met".to_owned()],
            min_duration_s: 60,
            max_distance_m: 200,
            max_accuracy_m: 100,
            max_days_late: 7,
            once_a_day: true,
        }
    }
}

/// Why a visit does not count.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Shortfall {
    /// It is to no household: a patrol, a place.
    NoHousehold,
    /// It does not say what came of it.
    NoResult,
    /// Its result is not one that counts.
    NotMet,
    /// Start or end is missing.
    NoTimes,
    /// Shorter than a visit is.
    TooShort {
        /// How long it took, in seconds.
        seconds: i64,
        /// How long it must take.
        at_least: u32,
    },
    /// Neither a position nor a reason why there is none.
    NoPlace,
    /// Too far from the door, without a reason.
    TooFar {
        /// How far, in metres.
        metres: i64,
        /// How far it may be.
        at_most: u32,
    },
    /// Entered too long after its day.
    BackDated {
        /// How many days after.
        days: i32,
        /// How many are allowed.
        at_most: u32,
    },
    /// Entered before the day it names.
    Future,
    /// The household counts for another visit of that day.
    AgainSameDay {
        /// That visit.
        first: RecordId,
    },
}

/// What a supervisor may want to look at; it does not keep a visit from
/// counting.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Flag {
    /// The phone's position came from a program that makes positions up.
    Mocked,
    /// Far from the door, with a reason.
    FarWithReason {
        /// How far, in metres.
        metres: i64,
    },
    /// No position, with a reason.
    NoPlaceWithReason,
    /// Where the door is was not recorded, so no distance could be measured.
    DoorUnknown,
    /// The position is too vague to prove much.
    Vague {
        /// Its radius in metres.
        metres: i64,
    },
    /// Entered on a later day, within what is allowed.
    EnteredLate {
        /// How many days after.
        days: i32,
    },
}

impl Shortfall {
    /// One of each, for tests and documentation.
    pub fn examples() -> Vec<Self> {
        vec![
            Self::NoHousehold,
            Self::NoResult,
            Self::NotMet,
            Self::NoTimes,
            Self::TooShort {
                seconds: 20,
                at_least: 60,
            },
            Self::NoPlace,
            Self::TooFar {
                metres: 640,
                at_most: 200,
            },
            Self::BackDated {
                days: 9,
                at_most: 7,
            },
            Self::Future,
            Self::AgainSameDay {
                first: RecordId::from_bytes([0; 16]),
            },
        ]
    }

    /// Stable code; its texts are `visit-short-<code>`.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::NoHousehold => "no_household",
            Self::NoResult => "no_result",
            Self::NotMet => "not_met",
            Self::NoTimes => "no_times",
            Self::TooShort { .. } => "too_short",
            Self::NoPlace => "no_place",
            Self::TooFar { .. } => "too_far",
            Self::BackDated { .. } => "back_dated",
            Self::Future => "future",
            Self::AgainSameDay { .. } => "again_same_day",
        }
    }

    /// What is wrong and what to do about it.
    pub fn text(&self, language: Language) -> String {
        let (found, limit) = match self {
            Self::TooShort { seconds, at_least } => (seconds.to_string(), at_least.to_string()),
            Self::TooFar { metres, at_most } => (metres.to_string(), at_most.to_string()),
            Self::BackDated { days, at_most } => (days.to_string(), at_most.to_string()),
            _ => (String::new(), String::new()),
        };
        let id = format!("visit-short-{}", self.code().replace('_', "-"));
        message(language, &id, &[("found", &found), ("limit", &limit)])
    }
}

impl Flag {
    /// One of each, for tests and documentation.
    pub fn examples() -> Vec<Self> {
        vec![
            Self::Mocked,
            Self::FarWithReason { metres: 640 },
            Self::NoPlaceWithReason,
            Self::DoorUnknown,
            Self::Vague { metres: 900 },
            Self::EnteredLate { days: 2 },
        ]
    }

    /// Stable code; its texts are `visit-flag-<code>`.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Mocked => "mocked",
            Self::FarWithReason { .. } => "far_with_reason",
            Self::NoPlaceWithReason => "no_place_with_reason",
            Self::DoorUnknown => "door_unknown",
            Self::Vague { .. } => "vague",
            Self::EnteredLate { .. } => "entered_late",
        }
    }

    /// What was noticed.
    pub fn text(&self, language: Language) -> String {
        let found = match self {
            Self::FarWithReason { metres } | Self::Vague { metres } => metres.to_string(),
            Self::EnteredLate { days } => days.to_string(),
            _ => String::new(),
        };
        let id = format!("visit-flag-{}", self.code().replace('_', "-"));
        message(language, &id, &[("found", &found)])
    }
}

/// What is to be said of one visit.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Verdict {
    /// Why it does not count; empty: it counts.
    pub shortfalls: Vec<Shortfall>,
    /// What looks odd.
    pub flags: Vec<Flag>,
}

impl Verdict {
    /// Whether the visit counts.
    pub fn counts(&self) -> bool {
        self.shortfalls.is_empty()
    }
}

impl VisitValidity {
    /// Judges a visit by itself, without regard to others of the same day.
    pub fn judge(&self, visit: &VisitFact) -> Verdict {
        let mut verdict = Verdict::default();
        if visit.household.is_none() {
            verdict.shortfalls.push(Shortfall::NoHousehold);
        }
        if visit.result.is_empty() {
            verdict.shortfalls.push(Shortfall::NoResult);
        } else if !self.results.contains(&visit.result) {
            verdict.shortfalls.push(Shortfall::NotMet);
        }
        self.judge_times(visit, &mut verdict);
        self.judge_place(visit, &mut verdict);
        verdict
    }

    fn judge_times(&self, visit: &VisitFact, verdict: &mut Verdict) {
        let Some(started_at) = visit.started_at else {
            verdict.shortfalls.push(Shortfall::NoTimes);
            return;
        };
        match visit.ended_at {
            None => verdict.shortfalls.push(Shortfall::NoTimes),
            Some(ended_at) => {
                let millis = ended_at.as_millis().saturating_sub(started_at.as_millis());
                let seconds = millis.div_euclid(1000);
                if seconds < i64::from(self.min_duration_s) {
                    verdict.shortfalls.push(Shortfall::TooShort {
                        seconds,
                        at_least: self.min_duration_s,
                    });
                }
            }
        }
        let Some(entered_on) = visit.entered_on else {
            return;
        };
        let days = entered_on.days_since(CivilDay::of(started_at));
        if days < 0 {
            verdict.shortfalls.push(Shortfall::Future);
        } else if i64::from(days) > i64::from(self.max_days_late) {
            verdict.shortfalls.push(Shortfall::BackDated {
                days,
                at_most: self.max_days_late,
            });
        } else if days > 0 {
            verdict.flags.push(Flag::EnteredLate { days });
        }
    }

    fn judge_place(&self, visit: &VisitFact, verdict: &mut Verdict) {
        let place = &visit.place;
        if place.is_mocked {
            verdict.flags.push(Flag::Mocked);
        }
        if !place.has_point {
            if place.has_reason {
                verdict.flags.push(Flag::NoPlaceWithReason);
            } else {
                verdict.shortfalls.push(Shortfall::NoPlace);
            }
            return;
        }
        let accuracy_m = place.accuracy_m.unwrap_or(0.0).max(0.0);
        if accuracy_m > f64::from(self.max_accuracy_m) {
            verdict.flags.push(Flag::Vague {
                metres: whole(accuracy_m),
            });
        }
        let Some(distance_m) = place.distance_m else {
            verdict.flags.push(Flag::DoorUnknown);
            return;
        };
        let allowed =
            f64::from(self.max_distance_m) + accuracy_m.min(f64::from(self.max_accuracy_m));
        if distance_m <= allowed {
            return;
        }
        let metres = whole(distance_m);
        if place.has_reason {
            verdict.flags.push(Flag::FarWithReason { metres });
        } else {
            verdict.shortfalls.push(Shortfall::TooFar {
                metres,
                at_most: self.max_distance_m,
            });
        }
    }
}

/// Whole metres, for people to read.
#[expect(
    clippy::cast_possible_truncation,
    reason = "no distance on earth reaches the limit, and the cast saturates"
)]
fn whole(metres: f64) -> i64 {
    metres.round() as i64
}

/// Judges visits together, each by its own rule (grids differ): of the visits
/// to one household on one day that count otherwise, the one that began first
/// does. The verdicts do not depend on the order of the visits.
pub fn judge_visits<'a>(
    visits: impl IntoIterator<Item = (RecordId, &'a VisitFact, &'a VisitValidity)>,
) -> BTreeMap<RecordId, Verdict> {
    let mut verdicts = BTreeMap::new();
    let mut days: BTreeMap<(RecordId, CivilDay), BTreeSet<_>> = BTreeMap::new();
    for (id, visit, rule) in visits {
        let verdict = rule.judge(visit);
        if let (true, true, Some(household), Some(started_at)) = (
            verdict.counts(),
            rule.once_a_day,
            visit.household,
            visit.started_at,
        ) {
            days.entry((household, CivilDay::of(started_at)))
                .or_default()
                .insert((started_at, id));
        }
        verdicts.insert(id, verdict);
    }
    for same_day in days.into_values() {
        let mut same_day = same_day.into_iter();
        let Some((_, first)) = same_day.next() else {
            continue;
        };
        for (_, again) in same_day {
            if let Some(verdict) = verdicts.get_mut(&again) {
                verdict.shortfalls.push(Shortfall::AgainSameDay { first });
            }
        }
    }
    verdicts
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::{
        Timestamp,
        visit_plan::{VisitPlace, testing},
    };

    fn id(number: u8) -> RecordId {
        RecordId::from_bytes([number; 16])
    }

    fn good() -> VisitFact {
        testing::good_visit(id(1), "2026-03-10".parse().unwrap())
    }

    fn codes(visit: &VisitFact) -> (Vec<&'static str>, Vec<&'static str>) {
        let verdict = VisitValidity::default().judge(visit);
        (
            verdict.shortfalls.iter().map(Shortfall::code).collect(),
            verdict.flags.iter().map(Flag::code).collect(),
        )
    }

    #[test]
    fn a_visit_as_it_should_be_counts_without_a_remark() {
        assert_eq!(codes(&good()), (vec![], vec![]));
    }

    #[test]
    fn each_shortfall_is_named_and_they_add_up() {
        let with = |change: &dyn Fn(&mut VisitFact)| {
            let mut visit = good();
            change(&mut visit);
            codes(&visit).0
        };
        assert_eq!(with(&|v| v.household = None), ["no_household"]);
        assert_eq!(with(&|v| v.result = String::new()), ["no_result"]);
        assert_eq!(with(&|v| v.result = "not_at_home".to_owned()), ["not_met"]);
        assert_eq!(with(&|v| v.ended_at = None), ["no_times"]);
        assert_eq!(with(&|v| v.ended_at = v.started_at), ["too_short"]);
        let at = |v: &VisitFact, seconds: i64| v.started_at.map(|t| t.plus_millis(seconds * 1000));
        assert_eq!(with(&|v| v.ended_at = at(v, 59)), ["too_short"]);
        assert!(with(&|v| v.ended_at = at(v, 60)).is_empty());
        assert_eq!(with(&|v| v.ended_at = at(v, -60)), ["too_short"]);
        assert_eq!(with(&|v| v.place = VisitPlace::default()), ["no_place"]);
        assert_eq!(with(&|v| v.place.distance_m = Some(640.0)), ["too_far"]);
        assert_eq!(
            with(&|v| v.entered_on = v.entered_on.map(|day| day.plus(8))),
            ["back_dated"]
        );
        assert_eq!(
            with(&|v| v.entered_on = v.entered_on.map(|day| day.plus(-1))),
            ["future"]
        );
        assert_eq!(
            with(&|v| {
                v.result = "refused".to_owned();
                v.started_at = None;
                v.place = VisitPlace::default();
            }),
            ["not_met", "no_times", "no_place"]
        );
    }

    #[test]
    fn a_stated_reason_makes_a_shortfall_of_place_a_flag() {
        let mut visit = good();
        visit.place.distance_m = Some(640.0);
        visit.place.has_reason = true;
        assert_eq!(codes(&visit), (vec![], vec!["far_with_reason"]));
        visit.place = VisitPlace {
            has_reason: true,
            ..VisitPlace::default()
        };
        assert_eq!(codes(&visit), (vec![], vec!["no_place_with_reason"]));
    }

    #[test]
    fn the_points_accuracy_is_in_the_visitors_favour_but_not_without_end() {
        let at = |distance_m: f64, accuracy_m: Option<f64>| {
            let mut visit = good();
            visit.place.distance_m = Some(distance_m);
            visit.place.accuracy_m = accuracy_m;
            codes(&visit)
        };
        assert_eq!(at(200.0, None), (vec![], vec![]));
        assert_eq!(at(240.0, None), (vec!["too_far"], vec![]));
        assert_eq!(at(240.0, Some(50.0)), (vec![], vec![]));
        assert_eq!(at(300.0, Some(100.0)), (vec![], vec![]));
        assert_eq!(at(301.0, Some(5_000.0)), (vec!["too_far"], vec!["vague"]));
        assert_eq!(at(10.0, Some(5_000.0)), (vec![], vec!["vague"]));
    }

    #[test]
    fn what_is_odd_is_flagged_and_still_counts() {
        let mut visit = good();
        visit.place.is_mocked = true;
        visit.place.distance_m = None;
        visit.entered_on = visit.entered_on.map(|day| day.plus(7));
        assert_eq!(
            codes(&visit),
            (vec![], vec!["entered_late", "mocked", "door_unknown"])
        );
    }

    #[test]
    fn a_day_is_a_day_in_china() {
        // 00:30 on the 11th in Shanghai is still the 10th in UTC.
        let mut visit = good();
        let midnight = Timestamp::from_millis(1_773_158_400_000); // 2026-03-11 00:00 +08:00
        visit.started_at = Some(midnight.plus_millis(30 * 60_000));
        visit.ended_at = Some(midnight.plus_millis(40 * 60_000));
        visit.entered_on = Some("2026-03-18".parse().unwrap());
        assert_eq!(codes(&visit), (vec![], vec!["entered_late"]));
        visit.started_at = Some(midnight.plus_millis(-30 * 60_000));
        assert_eq!(codes(&visit).0, ["back_dated"]);
    }

    #[test]
    fn the_figures_are_configuration() {
        let mut visit = good();
        visit.result = "not_at_home".to_owned();
        visit.place.distance_m = Some(900.0);
        let lenient = VisitValidity {
            results: vec!["met".to_owned(), "not_at_home".to_owned()],
            max_distance_m: 1_000,
            ..VisitValidity::default()
        };
        assert!(lenient.judge(&visit).counts());
        let json = r#"{"min_duration_s": 300, "added_later": 1}"#;
        let strict: VisitValidity = serde_json::from_str(json).unwrap();
        assert_eq!(
            strict.max_distance_m, 200,
            "what is not named keeps its default"
        );
        assert_eq!(
            strict.judge(&good()).shortfalls,
            [Shortfall::TooShort {
                seconds: 240,
                at_least: 300
            }]
        );
    }

    #[test]
    fn a_household_counts_once_a_day_and_the_first_good_visit_is_it() {
        let rule = VisitValidity::default();
        let later = |minutes: i64, result: &str| {
            let mut visit = good();
            visit.started_at = visit.started_at.map(|t| t.plus_millis(minutes * 60_000));
            visit.ended_at = visit.ended_at.map(|t| t.plus_millis(minutes * 60_000));
            visit.result = result.to_owned();
            visit
        };
        let visits = [
            (id(9), later(0, "not_at_home")),
            (id(8), later(60, "met")),
            (id(7), later(120, "met")),
        ];
        let judged = judge_visits(visits.iter().map(|(id, visit)| (*id, visit, &rule)));
        assert_eq!(judged[&id(9)].shortfalls, [Shortfall::NotMet]);
        assert!(judged[&id(8)].counts());
        assert_eq!(
            judged[&id(7)].shortfalls,
            [Shortfall::AgainSameDay { first: id(8) }]
        );
        let often = VisitValidity {
            once_a_day: false,
            ..rule
        };
        let judged = judge_visits(visits.iter().map(|(id, visit)| (*id, visit, &often)));
        assert!(judged[&id(7)].counts());
    }

    #[test]
    fn every_shortfall_and_flag_has_a_text_with_its_figures_in_both_languages() {
        for language in Language::ALL {
            for shortfall in Shortfall::examples() {
                let text = shortfall.text(language);
                assert!(!text.contains("visit-short"), "{text}");
                assert!(!text.contains('{'), "{text}");
            }
            for flag in Flag::examples() {
                let text = flag.text(language);
                assert!(!text.contains("visit-flag"), "{text}");
            }
            let far = Shortfall::TooFar {
                metres: 640,
                at_most: 200,
            };
            let text = far.text(language);
            assert!(text.contains("640") && text.contains("200"), "{text}");
        }
    }

    proptest! {
        #[test]
        fn verdicts_do_not_depend_on_the_order_of_the_visits(
            visits in testing::visits(40),
            seed: u64,
        ) {
            let rule = VisitValidity::default();
            let judge = |visits: &[(RecordId, VisitFact)]| {
                judge_visits(visits.iter().map(|(id, visit)| (*id, visit, &rule)))
            };
            let judged = judge(&visits);
            let mut shuffled = visits.clone();
            testing::shuffle(&mut shuffled, seed);
            prop_assert_eq!(&judge(&shuffled), &judged);
            // Never two that count for one household on one day.
            let mut seen = BTreeSet::new();
            for (id, visit) in &visits {
                if judged[id].counts() {
                    let day = CivilDay::of(visit.started_at.unwrap());
                    prop_assert!(seen.insert((visit.household, day)));
                }
            }
        }
    }
}
