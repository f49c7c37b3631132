//! The list of indicators (考评清单): which formulas count, how much, and from
//! where on they are reached. A reference set, so a county sets it, it has
//! editions, and whoever is measured by it has it.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{AssessmentPeriod, Formula};
use crate::{
    message::{Language, message, message_id},
    visit_plan::Period,
};

/// Name of the set.
pub const ASSESSMENT_LIST: &str = "assessment_list";

/// Longest name or source, in characters.
const NAME_CHARS: usize = 60;
/// What the weights of a period come to.
const ALL_WEIGHTS: u32 = 100;
/// Highest target per head and month.
const MOST_PER_HEAD: u32 = 1_000;

/// A name in both languages.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct IndicatorName {
    /// Chinese.
    pub zh: String,
    /// English.
    pub en: String,
}

/// One indicator.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Indicator {
    /// What is counted.
    pub formula: Formula,
    /// Its name.
    pub name: IndicatorName,
    /// How much it counts; those of a period come to 100.
    pub weight: u32,
    /// From where on it is reached: percent, or a number for each head and month.
    /// Where low is good: up to where.
    pub target: u32,
    /// For which periods it counts.
    pub periods: Vec<Period>,
    /// Where figure and target are from.
    #[serde(default)]
    pub source: String,
}

impl Indicator {
    /// Its name in a language.
    pub fn name(&self, language: Language) -> &str {
        match language {
            Language::Chinese => &self.name.zh,
            Language::English => &self.name.en,
        }
    }
}

/// The times and stars that formulas need.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FormulaLimits {
    /// Within so many minutes, by the clock, an order is to be signed for.
    pub sign_minutes: u32,
    /// The same in an emergency.
    pub emergency_sign_minutes: u32,
    /// Within so many minutes, by the clock, a filed incident is to be given to
    /// a unit.
    pub dispatch_minutes: u32,
    /// From so many stars on a rating is a satisfied one.
    pub satisfied_stars: u8,
}

impl Default for FormulaLimits {
    fn default() -> Self {
        AssessmentList::default().limits()
    }
}

/// The list. What is left out is as built in: [`AssessmentList::default`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct AssessmentList {
    /// The indicators, in the order of the table.
    pub indicators: Vec<Indicator>,
    /// See [`FormulaLimits::sign_minutes`].
    pub sign_minutes: u32,
    /// See [`FormulaLimits::emergency_sign_minutes`].
    pub emergency_sign_minutes: u32,
    /// See [`FormulaLimits::dispatch_minutes`].
    pub dispatch_minutes: u32,
    /// See [`FormulaLimits::satisfied_stars`].
    pub satisfied_stars: u8,
    /// How much of the points is what a unit gives itself (自评), in percent.
    pub self_share: u32,
    /// How much is what its peers give it (互评), in percent.
    pub mutual_share: u32,
    /// So many days after its end a month is frozen by itself; 0: by people only.
    pub freeze_after_days: u8,
    /// From so many incidents of one class at one household or place on they are
    /// told as repeated.
    pub repeated_from: u32,
    /// From so many problems a year on a worker is listed (一年四次以上).
    pub problems_from: u32,
    /// The aim for incidents that residents tell, against the year before, in
    /// percent: −10 for a tenth less.
    pub yearly_change: i32,
}

struct BuiltIn {
    formula: Formula,
    zh: &'static str,
    en: &'static str,
    weight: u32,
    target: u32,
    periods: &'static [Period],
    source: &'static str,
}

/// Each names its source; weights, and targets without one, are this product's
/// proposal for a county to replace.
const BUILT_IN: [BuiltIn; 10] = [
    BuiltIn {
        formula: Formula::ReportingGrids,
        zh: "信息上报覆盖率",
        en: "Grids that report",
        weight: 15,
        target: 100,
        periods: &AssessmentPeriod::KINDS,
        source: "seed 001 (四率)",
    },
    BuiltIn {
        formula: Formula::SignedInTime,
        zh: "实时派单（接收）率",
        en: "Orders signed for in time",
        weight: 15,
        target: 90,
        periods: &AssessmentPeriod::KINDS,
        source: "seed 001 (四率)",
    },
    BuiltIn {
        formula: Formula::Settled,
        zh: "处置办结率",
        en: "Incidents settled",
        weight: 20,
        target: 97,
        periods: &AssessmentPeriod::KINDS,
        source: "seed 001 (四率); seed 002 (459,010/472,807 = 97.08 %)",
    },
    BuiltIn {
        formula: Formula::Satisfied,
        zh: "处理满意率",
        en: "Ratings that are satisfied",
        weight: 20,
        target: 95,
        periods: &AssessmentPeriod::KINDS,
        source: "seed 001 (四率)",
    },
    BuiltIn {
        formula: Formula::SettledInTime,
        zh: "按期办结率",
        en: "Results in time",
        weight: 10,
        target: 95,
        periods: &AssessmentPeriod::KINDS,
        source: "seed 004 (社区限时办结制度)",
    },
    BuiltIn {
        formula: Formula::Verified,
        zh: "核查通过率",
        en: "Found done at the first check",
        weight: 5,
        target: 95,
        periods: &AssessmentPeriod::KINDS,
        source: "seed 003 (核实后销号)",
    },
    BuiltIn {
        formula: Formula::Reopened,
        zh: "重开率",
        en: "Opened again",
        weight: 5,
        target: 2,
        periods: &AssessmentPeriod::KINDS,
        source: "domain reference 6 (重复投诉率、回退率)",
    },
    BuiltIn {
        formula: Formula::VisitsPerWorker,
        zh: "每人月均走访户数",
        en: "Households visited per worker and month",
        weight: 10,
        target: 15,
        periods: &[Period::Month],
        source: "seed 004 (海陵区实施细则)",
    },
    BuiltIn {
        formula: Formula::VisitCoverage,
        zh: "走访覆盖率",
        en: "Households visited",
        weight: 10,
        target: 100,
        periods: &[Period::Quarter, Period::Year],
        source: "runho.cn 445454 (100 % a quarter); scnj.gov.cn 6598711/13099551 (100 % a year)",
    },
    BuiltIn {
        formula: Formula::Returned,
        zh: "回退率",
        en: "Orders sent back",
        weight: 0,
        target: 5,
        periods: &AssessmentPeriod::KINDS,
        source: "domain reference 6 (重复投诉率、回退率)",
    },
];

impl Default for AssessmentList {
    fn default() -> Self {
        let indicator = |one: &BuiltIn| Indicator {
            formula: one.formula,
            name: IndicatorName {
                zh: one.zh.to_owned(),
                en: one.en.to_owned(),
            },
            weight: one.weight,
            target: one.target,
            periods: one.periods.to_vec(),
            source: one.source.to_owned(),
        };
        Self {
            indicators: BUILT_IN.iter().map(indicator).collect(),
            sign_minutes: 30,
            emergency_sign_minutes: 10,
            dispatch_minutes: 30,
            satisfied_stars: 4,
            self_share: 10,
            mutual_share: 10,
            freeze_after_days: 5,
            repeated_from: 3,
            problems_from: 4,
            yearly_change: -10,
        }
    }
}

/// What is wrong with a list. The texts are `assessment-list-<code>`.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum AssessmentListError {
    /// Not of this set's shape.
    #[error("not a valid list: {0}")]
    Json(String),
    /// No such formula.
    #[error("indicator {place}: there is no formula {found:?}")]
    Formula {
        /// The indicator's place, from 1.
        place: usize,
        /// What it says.
        found: String,
    },
    /// A formula twice.
    #[error("indicator {place}: {formula:?} is there already")]
    Twice {
        /// The indicator's place, from 1.
        place: usize,
        /// Which.
        formula: Formula,
    },
    /// No name in one of the languages, or one too long.
    #[error("indicator {place} needs a name of 1 to {NAME_CHARS} characters in both languages")]
    Name {
        /// The indicator's place, from 1.
        place: usize,
    },
    /// A target that is none.
    #[error("indicator {place}: the target must be from 0 to {at_most}")]
    Target {
        /// The indicator's place, from 1.
        place: usize,
        /// The highest possible.
        at_most: u32,
    },
    /// No period, one twice, or one that is not assessed.
    #[error("indicator {place}: the periods must be some of month, quarter and year")]
    Periods {
        /// The indicator's place, from 1.
        place: usize,
    },
    /// Weights that do not come to 100.
    #[error("the weights of a {period:?} come to {found}, and not to {ALL_WEIGHTS}")]
    Weights {
        /// Of which periods.
        period: Period,
        /// What they come to.
        found: u32,
    },
    /// A number out of its bounds.
    #[error("{figure} must be from {at_least} to {at_most}")]
    Bounds {
        /// Which.
        figure: &'static str,
        /// The lowest possible.
        at_least: i32,
        /// The highest possible.
        at_most: i32,
    },
}

impl AssessmentListError {
    /// Stable code.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Json(_) => "json",
            Self::Formula { .. } => "formula",
            Self::Twice { .. } => "twice",
            Self::Name { .. } => "name",
            Self::Target { .. } => "target",
            Self::Periods { .. } => "periods",
            Self::Weights { .. } => "weights",
            Self::Bounds { .. } => "bounds",
        }
    }

    /// What is wrong and what to do about it.
    pub fn text(&self, language: Language) -> String {
        let (place, found, low, high) = match self {
            Self::Json(found) => (0, found.clone(), 0, 0),
            Self::Formula { place, found } => {
                let all: Vec<&str> = Formula::ALL.iter().map(|one| one.as_str()).collect();
                let found = format!("{found} ({})", all.join(", "));
                (*place, found, 0, 0)
            }
            Self::Twice { place, formula } => (*place, formula.as_str().to_owned(), 0, 0),
            Self::Name { place } | Self::Periods { place } => (*place, String::new(), 0, 0),
            Self::Target { place, at_most } => (
                *place,
                String::new(),
                0,
                i32::try_from(*at_most).unwrap_or(i32::MAX),
            ),
            Self::Weights { period, found } => {
                let period = message(
                    language,
                    &message_id("assessment-period", period.as_str()),
                    &[],
                );
                let high = i32::try_from(*found).unwrap_or(i32::MAX);
                (0, period, 0, high)
            }
            Self::Bounds {
                figure,
                at_least,
                at_most,
            } => (0, (*figure).to_owned(), *at_least, *at_most),
        };
        message(
            language,
            &message_id("assessment-list", self.code()),
            &[
                ("place", &place.to_string()),
                ("found", &found),
                ("low", &low.to_string()),
                ("high", &high.to_string()),
            ],
        )
    }
}

impl AssessmentList {
    /// Reads a list and checks it; the first thing that is wrong.
    pub fn from_json(body: &[u8]) -> Result<Self, AssessmentListError> {
        let json = |error: serde_json::Error| AssessmentListError::Json(error.to_string());
        let given: Value = serde_json::from_slice(body).map_err(json)?;
        // Told by itself: what to choose from is worth more than a place in a text.
        let indicators = given.get("indicators").and_then(Value::as_array);
        for (place, one) in (1..).zip(indicators.into_iter().flatten()) {
            let formula = one.get("formula").and_then(Value::as_str);
            if let Some(found) = formula.filter(|code| Formula::parse(code).is_none()) {
                return Err(AssessmentListError::Formula {
                    place,
                    found: found.chars().take(NAME_CHARS).collect(),
                });
            }
        }
        let list: Self = serde_json::from_value(given).map_err(json)?;
        list.check()?;
        Ok(list)
    }

    /// Whether it may be published; the first thing that is wrong.
    pub fn check(&self) -> Result<(), AssessmentListError> {
        let mut formulas = BTreeSet::new();
        for (place, one) in (1..).zip(&self.indicators) {
            if !formulas.insert(one.formula) {
                return Err(AssessmentListError::Twice {
                    place,
                    formula: one.formula,
                });
            }
            let is_name = |text: &str| (1..=NAME_CHARS).contains(&text.trim().chars().count());
            if !is_name(&one.name.zh) || !is_name(&one.name.en) {
                return Err(AssessmentListError::Name { place });
            }
            let at_most = if one.formula.is_per_head() {
                MOST_PER_HEAD
            } else {
                100
            };
            if one.target > at_most {
                return Err(AssessmentListError::Target { place, at_most });
            }
            let periods: BTreeSet<Period> = one.periods.iter().copied().collect();
            let is_known = periods
                .iter()
                .all(|period| AssessmentPeriod::KINDS.contains(period));
            if periods.is_empty() || periods.len() != one.periods.len() || !is_known {
                return Err(AssessmentListError::Periods { place });
            }
        }
        for period in AssessmentPeriod::KINDS {
            let found = self
                .of(period)
                .fold(0_u32, |sum, one| sum.saturating_add(one.weight));
            if found != ALL_WEIGHTS {
                return Err(AssessmentListError::Weights { period, found });
            }
        }
        let signed = |number: u32| i32::try_from(number).unwrap_or(i32::MAX);
        let week = 7 * 24 * 60;
        let shares = self.self_share.saturating_add(self.mutual_share);
        for (figure, value, at_least, at_most) in [
            ("sign_minutes", signed(self.sign_minutes), 1, week),
            (
                "emergency_sign_minutes",
                signed(self.emergency_sign_minutes),
                1,
                week,
            ),
            ("dispatch_minutes", signed(self.dispatch_minutes), 1, week),
            ("satisfied_stars", i32::from(self.satisfied_stars), 1, 5),
            // What is computed stays at least half.
            ("self_share + mutual_share", signed(shares), 0, 50),
            (
                "freeze_after_days",
                i32::from(self.freeze_after_days),
                0,
                27,
            ),
            ("repeated_from", signed(self.repeated_from), 2, 100),
            ("problems_from", signed(self.problems_from), 1, 100),
            ("yearly_change", self.yearly_change, -100, 100),
        ] {
            if !(at_least..=at_most).contains(&value) {
                return Err(AssessmentListError::Bounds {
                    figure,
                    at_least,
                    at_most,
                });
            }
        }
        Ok(())
    }

    /// The indicators of a kind of period.
    pub fn of(&self, period: Period) -> impl Iterator<Item = &Indicator> {
        self.indicators
            .iter()
            .filter(move |one| one.periods.contains(&period))
    }

    /// What its formulas need.
    pub const fn limits(&self) -> FormulaLimits {
        FormulaLimits {
            sign_minutes: self.sign_minutes,
            emergency_sign_minutes: self.emergency_sign_minutes,
            dispatch_minutes: self.dispatch_minutes,
            satisfied_stars: self.satisfied_stars,
        }
    }

    /// How much of the points is computed, in percent.
    pub const fn computed_share(&self) -> u32 {
        100_u32.saturating_sub(self.self_share + self.mutual_share)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn code(change: impl FnOnce(&mut Value)) -> Option<&'static str> {
        let mut list = serde_json::to_value(AssessmentList::default()).unwrap();
        change(&mut list);
        let body = serde_json::to_vec(&list).unwrap();
        AssessmentList::from_json(&body)
            .err()
            .map(|error| error.code())
    }

    #[test]
    fn the_built_in_list_may_be_published_and_names_its_sources() {
        let list = AssessmentList::default();
        assert_eq!(list.check(), Ok(()));
        assert!(list.indicators.iter().all(|one| !one.source.is_empty()));
        assert_eq!(AssessmentList::from_json(b"{}"), Ok(list), "left out");
        // The four rates of seed 001 are its first and weightiest.
        let first: Vec<Formula> = AssessmentList::default()
            .indicators
            .iter()
            .take(4)
            .map(|one| one.formula)
            .collect();
        assert_eq!(
            first,
            [
                Formula::ReportingGrids,
                Formula::SignedInTime,
                Formula::Settled,
                Formula::Satisfied
            ]
        );
    }

    #[test]
    fn weights_targets_and_unknown_formulas_are_refused_with_the_reason() {
        assert_eq!(code(|_| ()), None);
        assert_eq!(
            code(|list| list["indicators"][2]["formula"] = "happiness".into()),
            Some("formula")
        );
        assert_eq!(
            code(|list| list["indicators"][2]["formula"] = "satisfied".into()),
            Some("twice")
        );
        assert_eq!(
            code(|list| list["indicators"][2]["weight"] = 21.into()),
            Some("weights")
        );
        assert_eq!(
            code(|list| list["indicators"][2]["target"] = 101.into()),
            Some("target")
        );
        assert_eq!(
            code(|list| list["indicators"][2]["name"]["en"] = " ".into()),
            Some("name")
        );
        assert_eq!(
            code(|list| list["indicators"][2]["periods"] = serde_json::json!(["week"])),
            Some("periods")
        );
        assert_eq!(
            code(|list| list["indicators"][2]["wheight"] = 20.into()),
            Some("json")
        );
        assert_eq!(code(|list| list["self_share"] = 60.into()), Some("bounds"));
        assert_eq!(code(|list| list["signminutes"] = 60.into()), Some("json"));
        let error = AssessmentList::from_json(br#"{"indicators": [{"formula": "joy"}]}"#);
        let text = error.unwrap_err().text(Language::English);
        assert!(text.contains("joy") && text.contains("settled"), "{text}");
    }

    #[test]
    fn every_mistake_has_a_text_in_both_languages() {
        let errors = [
            AssessmentListError::Json("line 1".to_owned()),
            AssessmentListError::Formula {
                place: 1,
                found: "joy".to_owned(),
            },
            AssessmentListError::Twice {
                place: 2,
                formula: Formula::Settled,
            },
            AssessmentListError::Name { place: 3 },
            AssessmentListError::Target {
                place: 4,
                at_most: 100,
            },
            AssessmentListError::Periods { place: 5 },
            AssessmentListError::Weights {
                period: Period::Quarter,
                found: 90,
            },
            AssessmentListError::Bounds {
                figure: "sign_minutes",
                at_least: 1,
                at_most: 9,
            },
        ];
        for error in errors {
            for language in Language::ALL {
                let text = error.text(language);
                assert!(
                    !text.contains("assessment-") && !text.contains('{'),
                    "{text}"
                );
            }
        }
    }
}
