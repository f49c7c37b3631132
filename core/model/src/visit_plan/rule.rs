//! How often whom, as data: the body of the reference set `visit_rules`. What
//! is built in are the figures of published rules, each with its source; a
//! county sets its own.

use serde::{Deserialize, Deserializer, Serialize};
use serde_json::Value;

use super::{CARE_LEVELS, FLOATING, Period, TENANT, VisitValidity};
use crate::{GridAttribute, document::schema::CARE_GROUP, message::Language};

/// The group every household belongs to.
pub const EVERYBODY: &str = "all";
/// The group of rules that are about the worker and not about a household.
pub const WORKER: &str = "worker";

/// The rules of an area.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct VisitRules {
    /// What makes a visit count.
    pub validity: VisitValidity,
    /// How often whom. A rule that this build cannot read (a newer one wrote
    /// it) is left out.
    #[serde(deserialize_with = "known_rules")]
    pub rules: Vec<VisitRule>,
    /// How long after moving in a household that nobody has visited yet is put
    /// forward, in days. Source: domain reference, section 4 (INF).
    pub moved_in_days: u32,
}

fn known_rules<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<VisitRule>, D::Error> {
    let rules = Vec::<Value>::deserialize(deserializer)?;
    Ok(rules
        .into_iter()
        .filter_map(|rule| serde_json::from_value(rule).ok())
        .collect())
}

/// One line of the table: this group, so often, in such a period.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct VisitRule {
    /// Names the rule within its set.
    pub id: String,
    /// Name in Chinese.
    pub zh: String,
    /// Name in English.
    pub en: String,
    /// Whom: [`EVERYBODY`], a care group or level, [`TENANT`], [`FLOATING`],
    /// or [`WORKER`].
    pub group: String,
    /// What is counted.
    pub unit: RuleUnit,
    /// How many in each period.
    pub count: u32,
    /// In which period.
    pub period: Period,
    /// In which kind of grid.
    #[serde(default)]
    pub scope: RuleScope,
    /// Of two that are equally pressing, the lower goes first; 1 to 9.
    #[serde(default = "usual_priority")]
    pub priority: u8,
    /// Whether it is in force.
    #[serde(default = "in_force")]
    pub active: bool,
    /// Where its figures come from.
    #[serde(default)]
    pub source: String,
}

const fn usual_priority() -> u8 {
    5
}

const fn in_force() -> bool {
    true
}

/// What a rule counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RuleUnit {
    /// Visits of each household of the group.
    Visit,
    /// Different households a worker visits.
    Household,
    /// Days on which a worker visits.
    Day,
}

impl RuleUnit {
    /// All.
    pub const ALL: [Self; 3] = [Self::Visit, Self::Household, Self::Day];

    /// The word in rules and message ids.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Visit => "visit",
            Self::Household => "household",
            Self::Day => "day",
        }
    }

    /// The unit of this word.
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|unit| unit.as_str() == word)
    }
}

/// In which kind of grid a rule holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RuleScope {
    /// In all.
    #[default]
    All,
    /// In urban ones.
    Urban,
    /// In rural ones.
    Rural,
    /// In dedicated ones (a park, a mall).
    Dedicated,
}

impl RuleScope {
    /// All.
    pub const ALL: [Self; 4] = [Self::All, Self::Urban, Self::Rural, Self::Dedicated];

    /// The word in rules and message ids.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::All => "all",
            Self::Urban => "urban",
            Self::Rural => "rural",
            Self::Dedicated => "dedicated",
        }
    }

    /// The scope of this word.
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|scope| scope.as_str() == word)
    }

    /// Whether a rule of this scope holds in a grid of this kind; where the
    /// kind is not known, only rules for all grids do.
    pub fn holds_in(self, attribute: Option<GridAttribute>) -> bool {
        matches!(
            (self, attribute),
            (Self::All, _)
                | (Self::Urban, Some(GridAttribute::UrbanCommunity))
                | (Self::Rural, Some(GridAttribute::Rural))
                | (Self::Dedicated, Some(GridAttribute::Dedicated))
        )
    }
}

/// What is wrong with rules somebody wrote. The texts are
/// `visit-rules-<code>`.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum VisitRulesError {
    /// A rule without id or name, or two of one id.
    #[error("rule {place}: the id {id:?} is missing, too long or taken")]
    Id {
        /// The rule's place, from 1.
        place: usize,
        /// What it says.
        id: String,
    },
    /// A rule without a name in one of the languages.
    #[error("rule {place} lacks a name")]
    Name {
        /// The rule's place, from 1.
        place: usize,
    },
    /// No such group.
    #[error("rule {place}: there is no group {group:?}")]
    Group {
        /// The rule's place, from 1.
        place: usize,
        /// What it says.
        group: String,
    },
    /// A worker's rule that counts visits, or the other way about.
    #[error("rule {place}: the group does not go with what is counted")]
    Unit {
        /// The rule's place, from 1.
        place: usize,
    },
    /// A count beyond one a day, or none.
    #[error("rule {place}: the count must be from 1 to {at_most}")]
    Count {
        /// The rule's place, from 1.
        place: usize,
        /// The highest possible.
        at_most: u32,
    },
    /// A priority that is none.
    #[error("rule {place}: the priority must be from 1 to 9")]
    Priority {
        /// The rule's place, from 1.
        place: usize,
    },
    /// More rules than a table holds.
    #[error("more than {at_most} rules")]
    TooMany {
        /// How many are allowed.
        at_most: usize,
    },
    /// A figure of the validity rule that makes no sense.
    #[error("the figure {figure} must be from {at_least} to {at_most}")]
    Figure {
        /// Which, by its name in the set.
        figure: &'static str,
        /// Lowest possible.
        at_least: u32,
        /// Highest possible.
        at_most: u32,
    },
    /// A result there is not, or none at all.
    #[error("there is no result {result:?}")]
    Result {
        /// What it says; empty if none is named.
        result: String,
    },
}

/// Most rules in a set.
pub const MOST_RULES: usize = 60;

impl VisitRulesError {
    /// Stable code.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Id { .. } => "id",
            Self::Name { .. } => "name",
            Self::Group { .. } => "group",
            Self::Unit { .. } => "unit",
            Self::Count { .. } => "count",
            Self::Priority { .. } => "priority",
            Self::TooMany { .. } => "too_many",
            Self::Figure { .. } => "figure",
            Self::Result { .. } => "result",
        }
    }

    /// What is wrong and what to do about it.
    pub fn text(&self, language: Language) -> String {
        use crate::message::message;
        let (place, found, low, high) = match self {
            Self::Id { place, id } => (Some(*place), id.clone(), 0, 0),
            Self::Name { place } | Self::Unit { place } | Self::Priority { place } => {
                (Some(*place), String::new(), 0, 0)
            }
            Self::Group { place, group } => (Some(*place), group.clone(), 0, 0),
            Self::Count { place, at_most } => (Some(*place), String::new(), 1, *at_most),
            Self::TooMany { at_most } => {
                let high = u32::try_from(*at_most).unwrap_or(u32::MAX);
                (None, String::new(), 0, high)
            }
            Self::Figure {
                figure,
                at_least,
                at_most,
            } => {
                let id = format!("visit-validity-{}", figure.replace('_', "-"));
                (None, message(language, &id, &[]), *at_least, *at_most)
            }
            Self::Result { result } => (None, result.clone(), 0, 0),
        };
        message(
            language,
            &format!("visit-rules-{}", self.code().replace('_', "-")),
            &[
                ("place", &place.unwrap_or(0).to_string()),
                ("found", &found),
                ("low", &low.to_string()),
                ("high", &high.to_string()),
            ],
        )
    }
}

impl VisitRule {
    /// Its name in a language.
    pub fn name(&self, language: Language) -> &str {
        match language {
            Language::Chinese => &self.zh,
            Language::English => &self.en,
        }
    }

    /// Whether the group it names is one of care.
    pub fn is_care(&self) -> bool {
        CARE_GROUP.contains(&self.group.as_str())
            || CARE_LEVELS.iter().any(|(group, _)| *group == self.group)
    }

    fn check(&self, place: usize) -> Result<(), VisitRulesError> {
        let is_id = (1..=32).contains(&self.id.len())
            && self
                .id
                .bytes()
                .all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_');
        if !is_id {
            let id = self.id.chars().take(40).collect();
            return Err(VisitRulesError::Id { place, id });
        }
        let is_name = |name: &str| (1..=60).contains(&name.trim().chars().count());
        if !is_name(&self.zh) || !is_name(&self.en) {
            return Err(VisitRulesError::Name { place });
        }
        if !groups().any(|group| group == self.group) {
            let group = self.group.chars().take(40).collect();
            return Err(VisitRulesError::Group { place, group });
        }
        if (self.group == WORKER) == (self.unit == RuleUnit::Visit) {
            return Err(VisitRulesError::Unit { place });
        }
        let at_most = match self.unit {
            RuleUnit::Household => 5_000,
            RuleUnit::Visit | RuleUnit::Day => match self.period {
                Period::Week => 7,
                Period::Month => 28,
                Period::Quarter => 90,
                Period::HalfYear => 181,
                Period::Year => 365,
            },
        };
        if !(1..=at_most).contains(&self.count) {
            return Err(VisitRulesError::Count { place, at_most });
        }
        if !(1..=9).contains(&self.priority) {
            return Err(VisitRulesError::Priority { place });
        }
        Ok(())
    }
}

/// Every group a rule may name.
pub fn groups() -> impl Iterator<Item = &'static str> {
    [EVERYBODY, WORKER, TENANT, FLOATING]
        .into_iter()
        .chain(CARE_LEVELS.iter().map(|(group, _)| *group))
        .chain(CARE_GROUP.iter().copied())
}

impl VisitRules {
    /// Reads rules that somebody is about to publish: one that cannot be read is
    /// an error.
    pub fn read_strictly(json: &Value) -> serde_json::Result<Self> {
        for rule in json
            .get("rules")
            .and_then(Value::as_array)
            .into_iter()
            .flatten()
        {
            VisitRule::deserialize(rule)?;
        }
        Self::deserialize(json)
    }

    /// Whether the rules may be published; the first thing that is wrong.
    pub fn check(&self) -> Result<(), VisitRulesError> {
        let validity = &self.validity;
        let results = crate::document::schema::VISIT_RESULT;
        let unknown = validity
            .results
            .iter()
            .find(|result| !results.contains(&result.as_str()));
        if validity.results.is_empty() || unknown.is_some() {
            let result = unknown.map(|one| one.chars().take(40).collect());
            return Err(VisitRulesError::Result {
                result: result.unwrap_or_default(),
            });
        }
        for (figure, value, at_least, at_most) in [
            ("min_duration_s", validity.min_duration_s, 0, 3_600),
            ("max_distance_m", validity.max_distance_m, 10, 100_000),
            ("max_accuracy_m", validity.max_accuracy_m, 0, 10_000),
            ("max_days_late", validity.max_days_late, 0, 366),
            ("moved_in_days", self.moved_in_days, 0, 366),
        ] {
            if !(at_least..=at_most).contains(&value) {
                return Err(VisitRulesError::Figure {
                    figure,
                    at_least,
                    at_most,
                });
            }
        }
        if self.rules.len() > MOST_RULES {
            return Err(VisitRulesError::TooMany {
                at_most: MOST_RULES,
            });
        }
        for (index, rule) in self.rules.iter().enumerate() {
            let place = index + 1;
            rule.check(place)?;
            if self.rules.iter().take(index).any(|one| one.id == rule.id) {
                let id = rule.id.clone();
                return Err(VisitRulesError::Id { place, id });
            }
        }
        Ok(())
    }

    /// The rules in force in a grid of this kind that ask for visits of a
    /// household.
    pub fn for_households(
        &self,
        attribute: Option<GridAttribute>,
    ) -> impl Iterator<Item = &VisitRule> {
        self.rules.iter().filter(move |rule| {
            rule.active && rule.unit == RuleUnit::Visit && rule.scope.holds_in(attribute)
        })
    }

    /// The rule in force for what a worker does; the first of its unit.
    pub fn for_worker(&self, unit: RuleUnit) -> Option<&VisitRule> {
        self.rules
            .iter()
            .find(|rule| rule.active && rule.unit == unit && rule.group == WORKER)
    }
}

/// One built-in rule.
struct BuiltIn {
    id: &'static str,
    zh: &'static str,
    en: &'static str,
    group: &'static str,
    unit: RuleUnit,
    count: u32,
    period: Period,
    priority: u8,
    active: bool,
    source: &'static str,
}

const TOWN_RULE: &str = "tmdps.cn a13/2019051512/b57be9d93ce3a6f5 (published town rule)";
const ELDER_RULE: &str = "szb.northnews.cn bfxb 2022-06-23 (内蒙古 探访关爱意见)";

/// The figures of published rules, from the domain reference, section 4. Rules
/// of the sources on crime and health are not shipped: this product keeps no
/// such facts (decision D17).
const BUILT_IN: &[BuiltIn] = &[
    BuiltIn {
        id: "worker_households",
        zh: "网格员每月走访户数",
        en: "Households a worker visits a month",
        group: WORKER,
        unit: RuleUnit::Household,
        count: 15,
        period: Period::Month,
        priority: 5,
        active: true,
        source: "海陵区实施细则",
    },
    BuiltIn {
        id: "worker_days",
        zh: "每月入户走访天数",
        en: "Days a worker visits households a month",
        group: WORKER,
        unit: RuleUnit::Day,
        count: 2,
        period: Period::Month,
        priority: 5,
        active: true,
        source: "入户走访制度",
    },
    BuiltIn {
        id: "care_high",
        zh: "高风险老年人探访",
        en: "Elders at high risk",
        group: "care_high",
        unit: RuleUnit::Visit,
        count: 1,
        period: Period::Week,
        priority: 1,
        active: true,
        source: ELDER_RULE,
    },
    BuiltIn {
        id: "care_key",
        zh: "重点老年人探访",
        en: "Elders to look after first",
        group: "care_key",
        unit: RuleUnit::Visit,
        count: 1,
        period: Period::Month,
        priority: 2,
        active: true,
        source: ELDER_RULE,
    },
    BuiltIn {
        id: "care_general",
        zh: "一般老年人探访",
        en: "Elders in general",
        group: "care_general",
        unit: RuleUnit::Visit,
        count: 1,
        period: Period::Quarter,
        priority: 4,
        active: true,
        source: ELDER_RULE,
    },
    BuiltIn {
        id: "hardship",
        zh: "困难家庭走访",
        en: "Families in hardship",
        group: "hardship",
        unit: RuleUnit::Visit,
        count: 1,
        period: Period::Month,
        priority: 2,
        active: true,
        source: TOWN_RULE,
    },
    BuiltIn {
        id: "solo_elder",
        zh: "空巢、独居老人走访",
        en: "Elders living alone",
        group: "solo_elder",
        unit: RuleUnit::Visit,
        count: 1,
        period: Period::Month,
        priority: 2,
        active: true,
        source: TOWN_RULE,
    },
    BuiltIn {
        id: "floating",
        zh: "流动人口走访",
        en: "Floating population",
        group: FLOATING,
        unit: RuleUnit::Visit,
        count: 1,
        period: Period::Month,
        priority: 5,
        active: true,
        source: TOWN_RULE,
    },
    BuiltIn {
        id: "tenant",
        zh: "出租房走访",
        en: "Rented dwellings",
        group: TENANT,
        unit: RuleUnit::Visit,
        count: 1,
        period: Period::Year,
        priority: 5,
        active: true,
        source: "scnj.gov.cn public/6598711/13099551 (光雾山镇, 2021)",
    },
    BuiltIn {
        id: "ordinary",
        zh: "一般户走访",
        en: "Ordinary households",
        group: EVERYBODY,
        unit: RuleUnit::Visit,
        count: 2,
        period: Period::Year,
        priority: 6,
        active: true,
        source: TOWN_RULE,
    },
    // Stricter rules of other places, to be switched on where they hold.
    BuiltIn {
        id: "every_quarter",
        zh: "每季度全覆盖",
        en: "Every household each quarter",
        group: EVERYBODY,
        unit: RuleUnit::Visit,
        count: 1,
        period: Period::Quarter,
        priority: 6,
        active: false,
        source: "runho.cn 445454 (secondary, on a district of Qingdao)",
    },
    BuiltIn {
        id: "hardship_weekly",
        zh: "困难家庭每周走访",
        en: "Families in hardship, weekly",
        group: "hardship",
        unit: RuleUnit::Visit,
        count: 1,
        period: Period::Week,
        priority: 2,
        active: false,
        source: TOWN_RULE,
    },
];

impl Default for VisitRules {
    fn default() -> Self {
        let rule = |built_in: &BuiltIn| VisitRule {
            id: built_in.id.to_owned(),
            zh: built_in.zh.to_owned(),
            en: built_in.en.to_owned(),
            group: built_in.group.to_owned(),
            unit: built_in.unit,
            count: built_in.count,
            period: built_in.period,
            scope: RuleScope::All,
            priority: built_in.priority,
            active: built_in.active,
            source: built_in.source.to_owned(),
        };
        Self {
            validity: VisitValidity::default(),
            rules: BUILT_IN.iter().map(rule).collect(),
            moved_in_days: 30,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_built_in_rules_may_be_published_and_name_their_sources() {
        let rules = VisitRules::default();
        assert_eq!(rules.check(), Ok(()));
        assert!(rules.rules.iter().all(|rule| !rule.source.is_empty()));
        let worker = |unit| rules.for_worker(unit).unwrap().count;
        assert_eq!(worker(RuleUnit::Household), 15);
        assert_eq!(worker(RuleUnit::Day), 2);
        let json = serde_json::to_string(&rules).unwrap();
        assert_eq!(serde_json::from_str::<VisitRules>(&json).unwrap(), rules);
    }

    #[test]
    fn no_built_in_rule_is_about_crime_or_health() {
        for rule in VisitRules::default().rules {
            assert!(
                [EVERYBODY, WORKER, TENANT, FLOATING].contains(&rule.group.as_str())
                    || rule.is_care(),
                "{}",
                rule.id
            );
        }
    }

    #[test]
    fn each_mistake_is_named_with_its_place() {
        let broken = |change: &dyn Fn(&mut VisitRules)| {
            let mut rules = VisitRules::default();
            change(&mut rules);
            let error = rules.check().unwrap_err();
            for language in Language::ALL {
                let text = error.text(language);
                assert!(!text.starts_with("visit-rules"), "{text}");
            }
            error
        };
        assert_eq!(broken(&|r| r.rules[1].id = "Tag".to_owned()).code(), "id");
        assert_eq!(
            broken(&|r| r.rules[3].id = "worker_days".to_owned()),
            VisitRulesError::Id {
                place: 4,
                id: "worker_days".to_owned()
            }
        );
        assert_eq!(
            broken(&|r| r.rules[2].en = " ".to_owned()),
            VisitRulesError::Name { place: 3 }
        );
        assert_eq!(
            broken(&|r| r.rules[2].group = "released".to_owned()).code(),
            "group"
        );
        assert_eq!(
            broken(&|r| r.rules[0].unit = RuleUnit::Visit),
            VisitRulesError::Unit { place: 1 }
        );
        assert_eq!(
            broken(&|r| r.rules[2].count = 8),
            VisitRulesError::Count {
                place: 3,
                at_most: 7
            }
        );
        assert_eq!(broken(&|r| r.rules[2].count = 0).code(), "count");
        assert_eq!(broken(&|r| r.rules[2].priority = 0).code(), "priority");
        assert_eq!(broken(&|r| r.moved_in_days = 400).code(), "figure");
        assert_eq!(broken(&|r| r.validity.results.clear()).code(), "result");
        let many = |r: &mut VisitRules| r.rules = vec![r.rules[0].clone(); 61];
        assert_eq!(broken(&many).code(), "too_many");
    }

    #[test]
    fn a_rule_holds_in_its_kind_of_grid_only() {
        let mut rules = VisitRules::default();
        for rule in &mut rules.rules {
            if rule.id == "ordinary" {
                rule.scope = RuleScope::Rural;
            }
        }
        let holds = |attribute| {
            rules
                .for_households(attribute)
                .any(|rule| rule.id == "ordinary")
        };
        assert!(holds(Some(GridAttribute::Rural)));
        assert!(!holds(Some(GridAttribute::UrbanCommunity)));
        assert!(!holds(None));
    }

    #[test]
    fn an_old_phone_reads_rules_with_fields_it_does_not_know() {
        let json = r#"{
            "rules": [{"id": "a", "zh": "甲", "en": "A", "group": "all", "unit": "visit",
                       "count": 4, "period": "year", "weather": "any"},
                      {"id": "b", "zh": "乙", "en": "B", "group": "all", "unit": "visit",
                       "count": 1, "period": "lunar_month"}],
            "later": {}
        }"#;
        let rules: VisitRules = serde_json::from_str(json).unwrap();
        assert_eq!(rules.check(), Ok(()));
        assert_eq!(rules.validity, VisitValidity::default());
        assert_eq!(rules.rules.len(), 1, "a rule it cannot read is left out");
        assert!(rules.rules[0].active && rules.rules[0].priority == 5);
    }
}
