//! Made-up visits and households for property tests.

use proptest::prelude::*;

use super::{Door, Handover, HouseholdFact, LabelSpan, VisitFact, VisitPlace};
use crate::{CivilDay, RecordId, Timestamp};

/// Milliseconds of a day.
const DAY_MS: i64 = 24 * 3_600_000;
/// Milliseconds China is ahead of UTC.
const AHEAD_MS: i64 = 8 * 3_600_000;

/// This time of a day in China, in minutes after midnight.
pub(super) fn moment(day: CivilDay, minutes: i64) -> Timestamp {
    Timestamp::from_millis(i64::from(day.number()) * DAY_MS - AHEAD_MS + minutes * 60_000)
}

/// A visit that counts: at ten in the morning, four minutes, at the door.
pub(super) fn good_visit(household: RecordId, day: CivilDay) -> VisitFact {
    VisitFact {
        household: Some(household),
        kind: "household".to_owned(),
        result: "met".to_owned(),
        started_at: Some(moment(day, 600)),
        ended_at: Some(moment(day, 604)),
        entered_on: Some(day),
        place: VisitPlace {
            has_point: true,
            accuracy_m: Some(8.0),
            distance_m: Some(12.0),
            ..VisitPlace::default()
        },
        ..VisitFact::default()
    }
}

/// The household of this number.
pub(super) fn household_id(number: u8) -> RecordId {
    RecordId::from_bytes([number; 16])
}

/// The visit of this number.
pub(super) fn visit_id(number: u16) -> RecordId {
    let [high, low] = number.to_be_bytes();
    let mut bytes = [0xff; 16];
    for (to, from) in bytes.iter_mut().zip([high, low]) {
        *to = from;
    }
    RecordId::from_bytes(bytes)
}

/// Days from the end of 2024 to the end of 2026.
pub(super) fn day() -> impl Strategy<Value = CivilDay> {
    (20_060..20_819).prop_map(CivilDay::from_number)
}

fn visit() -> impl Strategy<Value = VisitFact> {
    let result = prop_oneof![4 => Just("met"), 1 => Just("not_at_home"), 1 => Just("refused")];
    let kind = prop_oneof![4 => Just("household"), 1 => Just("followup"), 1 => Just("campaign")];
    (
        0_u8..12,
        day(),
        (480_i64..1_200, 0_i64..40, 0_i32..12),
        result,
        kind,
        proptest::option::of(0.0..500.0_f64),
        (any::<bool>(), any::<bool>()),
        (
            proptest::option::of(0_i32..40),
            proptest::option::of(0_i32..40),
        ),
    )
        .prop_map(
            |(household, day, times, result, kind, distance, flags, later)| {
                let (minute, minutes, late) = times;
                let (has_reason, has_open_demand) = flags;
                let (follow_up, promise) = later;
                VisitFact {
                    household: Some(household_id(household)),
                    kind: kind.to_owned(),
                    result: result.to_owned(),
                    started_at: Some(moment(day, minute)),
                    ended_at: Some(moment(day, minute + minutes)),
                    entered_on: Some(day.plus(late)),
                    place: VisitPlace {
                        has_point: true,
                        distance_m: distance,
                        has_reason,
                        ..VisitPlace::default()
                    },
                    follow_up_on: follow_up.map(|days| day.plus(days)),
                    has_open_demand,
                    promised_for: promise.map(|days| day.plus(days)).into_iter().collect(),
                    ..VisitFact::default()
                }
            },
        )
}

/// Up to so many visits of a dozen households.
pub(super) fn visits(most: usize) -> impl Strategy<Value = Vec<(RecordId, VisitFact)>> {
    proptest::collection::vec(visit(), 0..most).prop_map(|visits| {
        (0..)
            .zip(visits)
            .map(|(number, visit)| (visit_id(number), visit))
            .collect()
    })
}

fn household() -> impl Strategy<Value = HouseholdFact> {
    let group = prop_oneof![Just("hardship"), Just("solo_elder"), Just("dibao")];
    let level = prop_oneof![Just(""), Just("high"), Just("key"), Just("general")];
    let label =
        (group, level, proptest::option::of(day())).prop_map(|(group, level, until)| LabelSpan {
            group: group.to_owned(),
            level: level.to_owned(),
            since: None,
            until,
        });
    let handover = (prop_oneof![Just("me"), Just("li")], day()).prop_map(|(to, on)| Handover {
        to: to.to_owned(),
        by: "zhang".to_owned(),
        on,
    });
    (
        (0_u8..4, 0_u8..20, 0_u8..3),
        proptest::option::of((0_u16..900, 0_u16..900)),
        proptest::collection::vec(label, 0..3),
        (any::<bool>(), any::<bool>()),
        (proptest::option::of(day()), proptest::option::of(day())),
        proptest::option::weighted(0.1, handover),
    )
        .prop_map(|(address, door, labels, flags, days, handover)| {
            let (building, room, estate) = address;
            HouseholdFact {
                estate: format!("花园{estate}区"),
                building: if building == 0 {
                    String::new()
                } else {
                    format!("{building}号楼")
                },
                room: format!("{room}室"),
                door: door.map(|(east, north)| Door {
                    longitude: 117.0 + f64::from(east) / 1e5,
                    latitude: 36.0 + f64::from(north) / 1e5,
                }),
                labels,
                is_tenant: flags.0,
                is_floating: flags.1,
                moved_in_on: days.0,
                filed_on: days.1,
                handover,
                ..HouseholdFact::default()
            }
        })
}

/// A dozen households.
pub(super) fn households() -> impl Strategy<Value = Vec<(RecordId, HouseholdFact)>> {
    proptest::collection::vec(household(), 12).prop_map(|households| {
        (0..)
            .zip(households)
            .map(|(number, household)| (household_id(number), household))
            .collect()
    })
}

/// Puts a list into another order (a linear congruential generator, from
/// Knuth's MMIX, and Fisher and Yates).
pub(super) fn shuffle<T>(list: &mut [T], mut seed: u64) {
    for place in (1..list.len()).rev() {
        seed = seed
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        let bound = place as u64 + 1;
        let other = usize::try_from((seed >> 33) % bound).unwrap_or(0);
        list.swap(place, other);
    }
}
