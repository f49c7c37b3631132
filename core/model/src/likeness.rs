//! Reports that may be about one and the same thing: the worker on the spot, a
//! neighbour and the hotline often tell of one broken pipe. A likeness is a
//! reason to look, never a proof; whether two reports are one, a person says
//! ([`crate::case::CaseAction::Merge`]).
//!
//! Sources: domain document, section 5.4 (same sub-class, 50 m, 72 h and like
//! words, after a system in use). How alike two texts are is the share of pairs
//! of neighbouring characters they have in common (Dice 1945 over character
//! bigrams): Chinese is written without spaces, so words would first have to be
//! guessed, and two characters are the commonest length of a word.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::{GridId, Timestamp, coordinate::Point, incident::Incident, text::to_half_width};

/// Name of the set of these rules, see [`LikenessRules`].
pub const INCIDENT_LIKENESS: &str = "incident_likeness";

/// Characters of a description that are compared: beyond, reports tell what was
/// done about it, which differs.
const TEXT_CHARS: usize = 200;
/// Milliseconds of an hour, and of a minute.
const HOUR_MS: i64 = 3_600_000;
const MINUTE_MS: i64 = 60_000;

/// How near two reports must be to each other.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct LikenessRules {
    /// Metres at most between the two.
    pub metres: u16,
    /// Hours at most between the two.
    pub hours: u16,
    /// How alike the texts must be at least, in percent.
    pub percent: u8,
}

impl Default for LikenessRules {
    /// 50 m and 72 h are those of the domain document. Twenty percent is our own
    /// choice: ten pairs of short reports of one thing had 20 to 59 (the test
    /// below holds three of them), and class and place keep most others away.
    fn default() -> Self {
        Self {
            metres: 50,
            hours: 72,
            percent: 20,
        }
    }
}

/// Why rules cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0} is out of bounds")]
pub struct LikenessBounds(pub &'static str);

impl LikenessRules {
    /// Longest time: what happened a month ago is something else.
    pub const MOST_HOURS: u16 = 24 * 31;

    /// Whether they make sense: 1 m to 5 km, 1 h to 31 days, 1 to 100 percent.
    pub fn check(&self) -> Result<(), LikenessBounds> {
        if !(1..=5_000).contains(&self.metres) {
            return Err(LikenessBounds("metres"));
        }
        if !(1..=Self::MOST_HOURS).contains(&self.hours) {
            return Err(LikenessBounds("hours"));
        }
        if !(1..=100).contains(&self.percent) {
            return Err(LikenessBounds("percent"));
        }
        Ok(())
    }
}

/// What is compared of a report.
#[derive(Debug, Clone, PartialEq)]
pub struct Traits {
    /// Class code.
    pub category: String,
    /// Its grid: stands for the place where one of two has none.
    pub grid: GridId,
    /// Where, if known.
    pub point: Option<Point>,
    /// When it happened, or was received.
    pub at: Timestamp,
    /// Its words, see [`plain_text`].
    pub text: String,
}

/// How alike two reports are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Likeness {
    /// Metres between them; `None`: one has no place, both are in one grid.
    pub metres: Option<u32>,
    /// Minutes between them.
    pub minutes: u32,
    /// How alike the texts are, in percent.
    pub percent: u8,
}

impl Traits {
    /// Those of an incident of this grid; the time is when it happened, or else
    /// when the report was received.
    pub fn of(incident: &Incident, grid: GridId) -> Self {
        Self {
            category: incident.category.clone(),
            grid,
            point: incident.point,
            at: incident
                .occurred_at
                .or(incident.case.received_at)
                .unwrap_or(Timestamp::from_millis(0)),
            text: plain_text(&format!("{} {}", incident.title, incident.description)),
        }
    }

    /// How alike the two are, if near enough to be one. The same whichever is
    /// asked.
    pub fn likeness(&self, other: &Self, rules: &LikenessRules) -> Option<Likeness> {
        if self.category.is_empty() || self.category != other.category {
            return None;
        }
        let apart = self.at.as_millis().abs_diff(other.at.as_millis());
        if apart > u64::from(rules.hours) * HOUR_MS.unsigned_abs() {
            return None;
        }
        let metres = match (&self.point, &other.point) {
            (Some(one), Some(two)) => {
                let metres = one.distance_m(two);
                if metres > f64::from(rules.metres) {
                    return None;
                }
                #[expect(
                    clippy::cast_possible_truncation,
                    clippy::cast_sign_loss,
                    reason = "between 0 and the rule's 5,000"
                )]
                Some(metres.round() as u32)
            }
            _ if self.grid == other.grid => None,
            _ => return None,
        };
        let percent = alike_percent(&self.text, &other.text);
        let minutes = u32::try_from(apart / MINUTE_MS.unsigned_abs()).unwrap_or(u32::MAX);
        (percent >= rules.percent).then_some(Likeness {
            metres,
            minutes,
            percent,
        })
    }
}

/// The letters, digits and characters of a text in half width and small, its
/// first 200: what is compared.
pub fn plain_text(text: &str) -> String {
    to_half_width(text)
        .chars()
        .filter(|c| c.is_alphanumeric())
        .flat_map(char::to_lowercase)
        .take(TEXT_CHARS)
        .collect()
}

/// How alike two plain texts are, in percent: twice the pairs of neighbouring
/// characters they share, by all the pairs of both (Dice). A text of one
/// character is like itself alone, an empty one like nothing.
pub fn alike_percent(one: &str, two: &str) -> u8 {
    let (one, two) = (pairs(one), pairs(two));
    let all: usize = one.values().sum::<usize>() + two.values().sum::<usize>();
    let shared: usize = one
        .iter()
        .map(|(pair, count)| two.get(pair).map_or(0, |other| *count.min(other)))
        .sum();
    match (shared * 200).checked_div(all) {
        Some(percent) => u8::try_from(percent).unwrap_or(100),
        None => 0,
    }
}

/// Pairs of neighbouring characters, each with how often it is there.
fn pairs(text: &str) -> BTreeMap<(char, Option<char>), usize> {
    let chars: Vec<char> = text.chars().collect();
    let mut pairs = BTreeMap::new();
    if let [only] = chars.as_slice() {
        pairs.insert((*only, None), 1);
    }
    for pair in chars.windows(2) {
        if let [first, second] = pair {
            *pairs.entry((*first, Some(*second))).or_insert(0) += 1;
        }
    }
    pairs
}

#[cfg(test)]
mod tests {
    use super::*;

    fn report(text: &str, east_m: f64, hours: i64) -> Traits {
        // At this latitude a degree of longitude is about 90 km.
        let point = Point::new(117.0 + east_m / 89_800.0, 36.65, Some(10.0)).unwrap();
        Traits {
            category: "4006".to_owned(),
            grid: GridId::from_bytes([1; 16]),
            point: Some(point),
            at: Timestamp::from_millis(hours * HOUR_MS),
            text: plain_text(text),
        }
    }

    const PIPE: &str = "3号楼下水道堵塞，污水外溢";

    #[test]
    fn pairs_of_characters_say_how_alike_two_texts_are() {
        assert_eq!(alike_percent("路灯不亮", "路灯不亮"), 100);
        // 路灯 and 不亮 of 3 and 5 pairs.
        assert_eq!(alike_percent("路灯不亮", "路灯坏不亮"), 57);
        assert_eq!(alike_percent("路灯不亮", "垃圾未清运"), 0);
        assert_eq!(alike_percent("", ""), 0, "nothing is like nothing");
        assert_eq!(alike_percent("火", "火"), 100);
        assert_eq!(alike_percent("aaaa", "aa"), 50, "as often as it is there");
        assert_eq!(plain_text("Ａ栋 3-1，（急）！"), "a栋31急");
        for (one, two, least) in [
            (PIPE, "3号楼前下水道堵了，污水漫到路上", 20),
            ("夜间施工噪音扰民", "工地夜里施工噪声大，居民睡不着", 20),
            ("大树倒伏压住电线", "一棵大树倒了压在电线上", 20),
        ] {
            let percent = alike_percent(&plain_text(one), &plain_text(two));
            assert!(percent >= least, "{one} {two} {percent}");
        }
    }

    #[test]
    fn near_reports_of_one_class_in_like_words_may_be_one() {
        let rules = LikenessRules::default();
        let first = report(PIPE, 0.0, 0);
        let again = report("3号楼前下水道堵了，污水漫到路上", 30.0, 5);
        let found = first.likeness(&again, &rules).unwrap();
        assert!((29..=31).contains(&found.metres.unwrap()), "{found:?}");
        assert_eq!(found.minutes, 300);
        assert!((20..60).contains(&found.percent));
        assert_eq!(again.likeness(&first, &rules), Some(found), "either way");
        let is_like = |other: &Traits| first.likeness(other, &rules).is_some();
        assert!(!is_like(&report(PIPE, 60.0, 5)), "too far");
        assert!(is_like(&report(PIPE, 0.0, 72)) && !is_like(&report(PIPE, 0.0, 73)));
        assert!(!is_like(&report("5号楼电梯停运困人", 0.0, 1)));
        let other = Traits {
            category: "4007".to_owned(),
            ..again.clone()
        };
        assert!(!is_like(&other), "another class");
    }

    #[test]
    fn without_a_place_the_grid_decides() {
        let rules = LikenessRules::default();
        let first = report(PIPE, 0.0, 0);
        let by_phone = Traits {
            point: None,
            ..first.clone()
        };
        assert_eq!(first.likeness(&by_phone, &rules).unwrap().metres, None);
        let elsewhere = Traits {
            grid: GridId::from_bytes([2; 16]),
            ..by_phone
        };
        assert_eq!(first.likeness(&elsewhere, &rules), None);
        let unclassed = Traits {
            category: String::new(),
            ..first.clone()
        };
        assert_eq!(unclassed.likeness(&unclassed, &rules), None);
    }

    #[test]
    fn rules_out_of_bounds_are_refused() {
        assert_eq!(LikenessRules::default().check(), Ok(()));
        let check = |text: &str| {
            let rules: LikenessRules = serde_json::from_str(text).unwrap();
            rules.check().map_err(|error| error.0)
        };
        assert_eq!(check(r#"{"metres": 200}"#), Ok(()));
        assert_eq!(check(r#"{"metres": 0}"#), Err("metres"));
        assert_eq!(check(r#"{"hours": 745}"#), Err("hours"));
        assert_eq!(check(r#"{"percent": 101}"#), Err("percent"));
    }
}
