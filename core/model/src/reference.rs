//! Reference sets: what the server authors for phones and keeps with its
//! history. A set has a name, the place it is about and a JSON object as its
//! content; a phone holds the sets of its grids and of the places above them.
//! Where several places have a set of one name, the nearest holds, except for
//! campaigns, surveys and collection lists, which all do. How sets travel is in [`crate::protocol`].

use serde_json::Value;

use crate::{
    assessment::{ASSESSMENT_LIST, AssessmentList, AssessmentListError},
    boundary::{GRID_MAP, GridMap},
    case::CaseRules,
    collection::{self, CollectionList, CollectionListError, CollectionLists},
    emergency::{EMERGENCY, Emergency},
    hotline::{ClassMap, HOTLINE_CLASSES},
    incident_class::{INCIDENT_CLASSES, IncidentClassError, IncidentClasses},
    likeness::{INCIDENT_LIKENESS, LikenessRules},
    message::{Language, message, message_id},
    protocol::{deflate, limits},
    survey::{SURVEY, Survey, SurveyError},
    task::{MatterList, TASK_MATTERS},
    visit_plan::{Campaign, CampaignError, VisitRules, VisitRulesError},
};

/// Name of the set of visit rules, see [`VisitRules`].
pub const VISIT_RULES: &str = "visit_rules";
/// What the names of campaigns begin with; the campaign's id follows.
pub const CAMPAIGN: &str = "campaign.";

/// Longest name, in bytes.
const NAME_BYTES: usize = 64;

/// Why a set cannot be published. The texts are `reference-<code>`.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ReferenceError {
    /// Not a name of small letters, digits, `_`, `.` and `-`.
    #[error("not a name of a reference set: {0:?}")]
    Name(String),
    /// More than [`limits::REFERENCE_BYTES`].
    #[error("the set has {bytes} bytes, {at_most} are allowed")]
    TooLarge {
        /// Its size.
        bytes: usize,
        /// The limit.
        at_most: usize,
    },
    /// It compresses so well that phones would take it for an attack.
    #[error("the set repeats itself too much to be sent")]
    TooUniform,
    /// Not JSON, or not of this set's shape.
    #[error("not a valid set: {0}")]
    Json(String),
    /// JSON, but not an object.
    #[error("the set must be a JSON object")]
    NotAnObject,
    /// A key this set does not have: most likely mistyped.
    #[error("the set has no key {0}")]
    UnknownKey(String),
    /// Visit rules that make no sense.
    #[error(transparent)]
    VisitRules(#[from] VisitRulesError),
    /// A campaign that makes no sense.
    #[error(transparent)]
    Campaign(#[from] CampaignError),
    /// A survey that makes no sense.
    #[error(transparent)]
    Survey(#[from] SurveyError),
    /// A collection list that makes no sense.
    #[error(transparent)]
    CollectionList(#[from] CollectionListError),
    /// A tree of incident classes that makes no sense.
    #[error(transparent)]
    IncidentClasses(#[from] IncidentClassError),
    /// A list of indicators that makes no sense.
    #[error(transparent)]
    AssessmentList(#[from] AssessmentListError),
}

impl ReferenceError {
    /// Stable code.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Name(_) => "name",
            Self::TooLarge { .. } => "too_large",
            Self::TooUniform => "too_uniform",
            Self::Json(_) => "json",
            Self::NotAnObject => "not_an_object",
            Self::UnknownKey(_) => "unknown_key",
            Self::VisitRules(error) => error.code(),
            Self::Campaign(error) => error.code(),
            Self::Survey(error) => error.code(),
            Self::CollectionList(error) => error.code(),
            Self::IncidentClasses(error) => error.code(),
            Self::AssessmentList(error) => error.code(),
        }
    }

    /// What is wrong and what to do about it.
    pub fn text(&self, language: Language) -> String {
        let (found, limit) = match self {
            Self::VisitRules(error) => return error.text(language),
            Self::Campaign(error) => return error.text(language),
            Self::Survey(error) => return error.text(language),
            Self::CollectionList(error) => return error.text(language),
            Self::IncidentClasses(error) => return error.text(language),
            Self::AssessmentList(error) => return error.text(language),
            Self::Name(found) | Self::Json(found) | Self::UnknownKey(found) => {
                (found.clone(), String::new())
            }
            Self::TooLarge { bytes, at_most } => (bytes.to_string(), at_most.to_string()),
            Self::TooUniform | Self::NotAnObject => (String::new(), String::new()),
        };
        message(
            language,
            &message_id("reference", self.code()),
            &[("found", &found), ("limit", &limit)],
        )
    }
}

/// Whether this may be the name of a set.
pub fn check_name(name: &str) -> Result<(), ReferenceError> {
    let is_name = (1..=NAME_BYTES).contains(&name.len())
        && name.bytes().all(|byte| {
            byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"_.-".contains(&byte)
        });
    if is_name {
        Ok(())
    } else {
        Err(ReferenceError::Name(name.chars().take(80).collect()))
    }
}

/// Whether a set may be published. Of a set this build does not know it must be
/// a JSON object; of one it knows, every key must be right, so that a mistyped
/// one is noticed by whoever typed it and not by a thousand phones.
pub fn check(name: &str, body: &[u8]) -> Result<(), ReferenceError> {
    check_name(name)?;
    if body.len() > limits::REFERENCE_BYTES {
        return Err(ReferenceError::TooLarge {
            bytes: body.len(),
            at_most: limits::REFERENCE_BYTES,
        });
    }
    let compressed = deflate(body).len();
    // Half of what a receiver allows: it travels among other things.
    if body.len() > limits::INFLATE_FREE_BYTES
        && compressed.saturating_mul(limits::INFLATE_RATIO / 2) < body.len()
    {
        return Err(ReferenceError::TooUniform);
    }
    let json = |error: serde_json::Error| ReferenceError::Json(error.to_string());
    let given: Value = serde_json::from_slice(body).map_err(json)?;
    if !given.is_object() {
        return Err(ReferenceError::NotAnObject);
    }
    let known = if name == VISIT_RULES {
        let rules = VisitRules::read_strictly(&given).map_err(json)?;
        rules.check()?;
        serde_json::to_value(rules).map_err(json)?
    } else if name.starts_with(CAMPAIGN) {
        let campaign: Campaign = serde_json::from_value(given.clone()).map_err(json)?;
        campaign.check()?;
        serde_json::to_value(campaign).map_err(json)?
    } else if name.starts_with(EMERGENCY) {
        let emergency: Emergency = serde_json::from_value(given.clone()).map_err(json)?;
        emergency
            .check()
            .map_err(|error| ReferenceError::Json(error.to_string()))?;
        serde_json::to_value(emergency).map_err(json)?
    } else if name.starts_with(SURVEY) {
        let survey: Survey = serde_json::from_value(given.clone()).map_err(json)?;
        survey.check()?;
        serde_json::to_value(survey).map_err(json)?
    } else if let Some(id) = name.strip_prefix(collection::SET_PREFIX) {
        let list = CollectionList::from_json(&String::from_utf8_lossy(body))?;
        if let Some(error) = list.check(&CollectionLists::default()).into_iter().next() {
            return Err(error.into());
        }
        if list.id != id {
            return Err(ReferenceError::Name(list.id));
        }
        serde_json::to_value(list).map_err(json)?
    } else if name == INCIDENT_CLASSES {
        IncidentClasses::from_json(body)?;
        return Ok(());
    } else if CaseRules::SETS.contains(&name) {
        CaseRules::default()
            .read(name, body)
            .map_err(|error| ReferenceError::Json(error.to_string()))?;
        return Ok(());
    } else if name == HOTLINE_CLASSES {
        ClassMap::read(body).map_err(|error| ReferenceError::Json(error.to_string()))?;
        return Ok(());
    } else if name == INCIDENT_LIKENESS {
        let rules: LikenessRules = serde_json::from_value(given.clone()).map_err(json)?;
        rules
            .check()
            .map_err(|error| ReferenceError::Json(error.to_string()))?;
        serde_json::to_value(rules).map_err(json)?
    } else if name == TASK_MATTERS {
        let list: MatterList = serde_json::from_value(given.clone()).map_err(json)?;
        list.check()
            .map_err(|error| ReferenceError::Json(error.to_string()))?;
        serde_json::to_value(list).map_err(json)?
    } else if name == ASSESSMENT_LIST {
        AssessmentList::from_json(body)?;
        return Ok(());
    } else if name == GRID_MAP {
        let map: GridMap = serde_json::from_value(given.clone()).map_err(json)?;
        for grid in &map.grids {
            grid.boundary()
                .map_err(|error| ReferenceError::Json(format!("{}: {error}", grid.id)))?;
        }
        serde_json::to_value(map).map_err(json)?
    } else {
        return Ok(());
    };
    match find_unknown(&given, &known, "") {
        Some(key) => Err(ReferenceError::UnknownKey(key)),
        None => Ok(()),
    }
}

/// The first key of `given` that `known` does not have.
fn find_unknown(given: &Value, known: &Value, at: &str) -> Option<String> {
    match (given, known) {
        (Value::Object(given), Value::Object(known)) => given.iter().find_map(|(key, value)| {
            let path = if at.is_empty() {
                key.clone()
            } else {
                format!("{at}.{key}")
            };
            match known.get(key) {
                None => Some(path),
                Some(known) => find_unknown(value, known, &path),
            }
        }),
        (Value::Array(given), Value::Array(known)) => {
            given
                .iter()
                .zip(known)
                .enumerate()
                .find_map(|(place, (given, known))| {
                    find_unknown(given, known, &format!("{at}[{place}]"))
                })
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_short_and_plain() {
        for name in ["visit_rules", "campaign.0190-ab", "a"] {
            assert_eq!(check_name(name), Ok(()), "{name}");
        }
        let long = "a".repeat(65);
        for name in ["", "Visit", "走访", "a b", "a/b", long.as_str()] {
            assert_eq!(check_name(name).unwrap_err().code(), "name", "{name}");
        }
    }

    #[test]
    fn a_set_of_an_unknown_name_is_any_object_within_the_limits() {
        assert_eq!(check("boundaries", b"{\"a\": [1]}"), Ok(()));
        assert_eq!(check("boundaries", b"[]"), Err(ReferenceError::NotAnObject));
        assert_eq!(check("boundaries", b"{").unwrap_err().code(), "json");
        let long = format!("{{\"a\": \"{}\"}}", "0123456789".repeat(500_000));
        assert_eq!(
            check("boundaries", long.as_bytes()).unwrap_err().code(),
            "too_large"
        );
        let uniform = format!("{{\"a\": \"{}\"}}", "0".repeat(300_000));
        assert_eq!(
            check("boundaries", uniform.as_bytes()),
            Err(ReferenceError::TooUniform)
        );
    }

    #[test]
    fn visit_rules_are_held_to_their_table() {
        let body = |change: &dyn Fn(&mut Value)| {
            let mut rules = serde_json::to_value(VisitRules::default()).unwrap();
            change(&mut rules);
            check(VISIT_RULES, &serde_json::to_vec(&rules).unwrap())
        };
        assert_eq!(body(&|_| ()), Ok(()));
        assert_eq!(
            body(&|rules| rules["validity"]["max_distance"] = 300.into()),
            Err(ReferenceError::UnknownKey(
                "validity.max_distance".to_owned()
            ))
        );
        assert_eq!(
            body(&|rules| rules["rules"][3]["periode"] = "year".into()),
            Err(ReferenceError::UnknownKey("rules[3].periode".to_owned()))
        );
        let wrong = body(&|rules| rules["rules"][3]["period"] = "decade".into());
        assert_eq!(wrong.unwrap_err().code(), "json");
        let wrong = body(&|rules| rules["rules"][3]["count"] = 0.into());
        assert_eq!(wrong.unwrap_err().code(), "count");
        assert_eq!(check(VISIT_RULES, b"{}"), Ok(()), "the built-in ones");
    }

    #[test]
    fn collection_lists_are_held_to_their_definition_and_bear_their_own_name() {
        let list = r#"{"id": "water", "title": {"zh": "水表", "en": "Water"}, "extra": [
            {"name": "water_meter", "kind": "household", "type": "text", "max": 20,
             "label": {"zh": "水表号", "en": "Water meter"},
             "purpose": {"zh": "抄表", "en": "Reading"}, "basis": "供水条例"}]}"#;
        assert_eq!(check("collection_list.water", list.as_bytes()), Ok(()));
        let error = check("collection_list.gas", list.as_bytes()).unwrap_err();
        assert_eq!(error.code(), "name");
        let mistyped = list.replace("\"max\": 20", "\"max\": 20, \"min_\": 3");
        assert_eq!(
            check("collection_list.water", mistyped.as_bytes()),
            Err(ReferenceError::UnknownKey("extra[0].min_".to_owned()))
        );
        let unfounded = list.replace("供水条例", "");
        let error = check("collection_list.water", unfounded.as_bytes()).unwrap_err();
        assert_eq!(error.code(), "unfounded");
        assert!(error.text(Language::English).contains("extra[0]"));
    }

    #[test]
    fn a_list_of_indicators_is_checked_when_it_is_published() {
        assert_eq!(check(ASSESSMENT_LIST, b"{}"), Ok(()), "the built-in one");
        let unknown = br#"{"indicators": [{"formula": "happiness"}]}"#;
        let error = check(ASSESSMENT_LIST, unknown).unwrap_err();
        assert_eq!(error.code(), "formula");
        assert!(error.text(Language::Chinese).contains("happiness"));
    }

    #[test]
    fn every_error_has_a_text_in_both_languages() {
        let errors = [
            ReferenceError::Name("X".to_owned()),
            ReferenceError::TooLarge {
                bytes: 9,
                at_most: 8,
            },
            ReferenceError::TooUniform,
            ReferenceError::Json("line 1".to_owned()),
            ReferenceError::NotAnObject,
            ReferenceError::UnknownKey("a.b".to_owned()),
            ReferenceError::Campaign(CampaignError::TooMany { at_most: 7 }),
        ];
        for error in errors {
            for language in Language::ALL {
                let text = error.text(language);
                assert!(
                    !text.contains("reference-") && !text.contains('{'),
                    "{text}"
                );
            }
        }
    }
}
