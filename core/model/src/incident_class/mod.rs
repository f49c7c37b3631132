//! Classes of incidents (事件分类): the tree that a report is filed under.
//!
//! The built-in tree is one proposal: top classes after GB/T 34300-2017 6.3,
//! disputes after the table of GB/T 31000-2015, each code ours. A county
//! publishes its own as the reference set [`INCIDENT_CLASSES`]. A code is made
//! of pairs of digits, one pair a level, so a class's code begins with that of
//! the class above it, and rules by class (who is responsible, filters) go by
//! what a code begins with.
//!
//! What a record holds is never refused for its class: a report may come from
//! another county's tree or a newer one. Forms offer the tree, lists show its
//! names, and a code nobody knows is shown as it is.

use std::{collections::BTreeMap, sync::OnceLock};

use serde::{Deserialize, Serialize};

use crate::message::{Language, message, message_id};

/// Name of the reference set.
pub const INCIDENT_CLASSES: &str = "incident_classes";

/// What codes of agency services begin with (代理服务、公共服务代办): a resident asks
/// their worker to see to a matter on their behalf. Whoever was asked handles it
/// (首办负责), see [`crate::case`].
pub const AGENCY_CLASS: &str = "5013";

/// Most classes of a tree. Dongcheng district, the largest known, kept 2,043
/// indicators (source 002).
const MOST_CLASSES: usize = 4_000;
/// Most levels of a tree.
const MOST_LEVELS: usize = 4;
/// Longest name, in characters.
const NAME_CHARS: usize = 60;

/// One class.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct IncidentClass {
    /// Its code: two digits for each level.
    pub code: String,
    /// Its name in simplified Chinese.
    pub zh: String,
    /// Its name in English.
    pub en: String,
}

impl IncidentClass {
    /// Its own name, without those of the classes above.
    pub fn name(&self, language: Language) -> &str {
        match language {
            Language::Chinese => &self.zh,
            Language::English => &self.en,
        }
    }
}

/// A tree of classes.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct IncidentClasses(BTreeMap<String, IncidentClass>);

/// The set as it is published.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Published {
    classes: Vec<IncidentClass>,
}

/// Why a tree cannot be published. The texts are `incident-class-<code>`.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum IncidentClassError {
    /// Not JSON of this shape.
    #[error("not a tree of classes: {0}")]
    Json(String),
    /// No class at all, or too many.
    #[error("{0} classes")]
    Count(usize),
    /// Not pairs of digits, or too many of them.
    #[error("not a class code: {0}")]
    Code(String),
    /// Two classes of one code.
    #[error("the class {0} is there twice")]
    Repeated(String),
    /// Its code begins with no other class's.
    #[error("the class above {0} is missing")]
    NoParent(String),
    /// A name that is empty or too long, in one of the languages.
    #[error("the class {0} needs a name in both languages")]
    Name(String),
}

impl IncidentClassError {
    /// Stable code.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Json(_) => "json",
            Self::Count(_) => "count",
            Self::Code(_) => "code",
            Self::Repeated(_) => "repeated",
            Self::NoParent(_) => "no_parent",
            Self::Name(_) => "name",
        }
    }

    /// What is wrong and what to do about it.
    pub fn text(&self, language: Language) -> String {
        let found = match self {
            Self::Json(found)
            | Self::Code(found)
            | Self::Repeated(found)
            | Self::NoParent(found)
            | Self::Name(found) => found.clone(),
            Self::Count(count) => count.to_string(),
        };
        message(
            language,
            &message_id("incident-class", self.code()),
            &[("found", &found), ("limit", &MOST_CLASSES.to_string())],
        )
    }
}

impl IncidentClasses {
    /// The tree that holds where a county has published none.
    pub fn built_in() -> &'static Self {
        static BUILT_IN: OnceLock<IncidentClasses> = OnceLock::new();
        // A test reads it, so it is never the empty tree.
        BUILT_IN
            .get_or_init(|| Self::from_json(include_bytes!("built_in.json")).unwrap_or_default())
    }

    /// The built-in tree as a county would publish it, to start from.
    pub const BUILT_IN_JSON: &'static str = include_str!("built_in.json");

    /// Reads and checks a published tree.
    pub fn from_json(body: &[u8]) -> Result<Self, IncidentClassError> {
        let published: Published = serde_json::from_slice(body)
            .map_err(|error| IncidentClassError::Json(error.to_string()))?;
        let count = published.classes.len();
        if !(1..=MOST_CLASSES).contains(&count) {
            return Err(IncidentClassError::Count(count));
        }
        let mut classes = BTreeMap::new();
        for class in published.classes {
            if !is_code(&class.code) {
                let start = class.code.chars().take(20).collect();
                return Err(IncidentClassError::Code(start));
            }
            let is_named = |name: &str| {
                let chars = name.trim().chars().count();
                (1..=NAME_CHARS).contains(&chars) && !name.chars().any(char::is_control)
            };
            if !is_named(&class.zh) || !is_named(&class.en) {
                return Err(IncidentClassError::Name(class.code));
            }
            if let Some(twin) = classes.insert(class.code.clone(), class) {
                return Err(IncidentClassError::Repeated(twin.code));
            }
        }
        let orphan = classes
            .keys()
            .find(|code| parent(code).is_some_and(|above| !classes.contains_key(above)));
        if let Some(code) = orphan {
            return Err(IncidentClassError::NoParent(code.clone()));
        }
        Ok(Self(classes))
    }

    /// The class of a code.
    pub fn find(&self, code: &str) -> Option<&IncidentClass> {
        self.0.get(code)
    }

    /// The classes right below one, or the top ones; in the order of their
    /// codes.
    pub fn children<'a>(
        &'a self,
        above: Option<&'a str>,
    ) -> impl Iterator<Item = &'a IncidentClass> {
        self.0
            .values()
            .filter(move |class| parent(&class.code) == above)
    }

    /// Every class, each right after the one above it.
    pub fn iter(&self) -> impl Iterator<Item = &IncidentClass> {
        self.0.values()
    }

    /// What a code stands for, with the classes above it: `矛盾纠纷 / 邻里纠纷`.
    /// A code that is not in this tree is looked up in the built-in one, for
    /// records from before a county had its own; otherwise it stands for
    /// itself.
    pub fn name(&self, code: &str, language: Language) -> String {
        let Some(tree) = [self, Self::built_in()]
            .into_iter()
            .find(|tree| tree.0.contains_key(code))
        else {
            return code.to_owned();
        };
        let mut names = Vec::new();
        let mut at = Some(code);
        while let Some(code) = at {
            names.extend(tree.find(code).map(|class| class.name(language)));
            at = parent(code);
        }
        names.reverse();
        names.join(" / ")
    }
}

/// The code of the class above; `None` for a top class.
fn parent(code: &str) -> Option<&str> {
    code.get(..code.len().saturating_sub(2))
        .filter(|above| !above.is_empty())
}

fn is_code(code: &str) -> bool {
    code.len().is_multiple_of(2)
        && (1..=MOST_LEVELS).contains(&(code.len() / 2))
        && code.bytes().all(|byte| byte.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(classes: &[(&str, &str, &str)]) -> Result<IncidentClasses, IncidentClassError> {
        let published = Published {
            classes: classes
                .iter()
                .map(|(code, zh, en)| IncidentClass {
                    code: (*code).to_owned(),
                    zh: (*zh).to_owned(),
                    en: (*en).to_owned(),
                })
                .collect(),
        };
        IncidentClasses::from_json(&serde_json::to_vec(&published).unwrap())
    }

    #[test]
    fn the_built_in_tree_holds_the_standards_classes_in_both_languages() {
        let tree = IncidentClasses::built_in();
        let top: Vec<&str> = tree
            .children(None)
            .map(|class| class.code.as_str())
            .collect();
        // GB/T 34300-2017 6.3 by way of the domain reference.
        assert_eq!(top, ["10", "20", "30", "40", "50", "60", "70", "80", "90"]);
        // The four things to look for (四排查) and services for people in need
        // (民生服务) each have a class.
        for (code, zh) in [
            ("10", "矛盾纠纷"),
            ("20", "治安隐患"),
            ("30", "公共安全隐患"),
            ("60", "关怀服务"),
            ("5001", "困难救助"),
            (AGENCY_CLASS, "代办服务(代理服务)"),
        ] {
            assert_eq!(tree.find(code).map(|class| class.zh.as_str()), Some(zh));
        }
        // The 16 kinds of dispute of GB/T 31000-2015.
        assert_eq!(tree.children(Some("10")).count(), 16);
        assert_eq!(
            tree.name("100201", Language::Chinese),
            "矛盾纠纷 / 邻里纠纷 / 用水排水通行通风采光"
        );
        assert_eq!(
            tree.name("4006", Language::English),
            "City management / Public facilities (manholes, street lamps)"
        );
    }

    #[test]
    fn a_countys_tree_replaces_the_built_in_one_and_old_codes_keep_their_names() {
        let tree = read(&[
            ("41", "历下专项", "Lixia special"),
            ("4101", "泉水保护", "Springs"),
        ]);
        let tree = tree.unwrap();
        assert_eq!(tree.name("4101", Language::Chinese), "历下专项 / 泉水保护");
        assert_eq!(tree.children(None).count(), 1);
        assert_eq!(tree.name("4001", Language::Chinese), "城市管理 / 市容环境");
        assert_eq!(tree.name("lighting", Language::Chinese), "lighting");
        assert_eq!(tree.name("", Language::Chinese), "");
    }

    #[test]
    fn a_tree_that_makes_no_sense_is_named_for_what_it_is() {
        let long = "长".repeat(61);
        for (classes, code) in [
            (vec![], "count"),
            (vec![("1", "一", "one")], "code"),
            (vec![("1a", "一", "one")], "code"),
            (vec![("1010101010", "一", "one")], "code"),
            (vec![("10", "一", "one"), ("10", "二", "two")], "repeated"),
            (
                vec![("10", "一", "one"), ("2001", "二", "two")],
                "no_parent",
            ),
            (vec![("10", "一", " ")], "name"),
            (vec![("10", long.as_str(), "one")], "name"),
        ] {
            let error = read(&classes).unwrap_err();
            assert_eq!(error.code(), code, "{classes:?}");
            for language in [Language::Chinese, Language::English] {
                assert!(!error.text(language).contains("incident-class"));
            }
        }
        let error = IncidentClasses::from_json(b"{\"classes\": [], \"more\": 1}").unwrap_err();
        assert_eq!(error.code(), "json");
    }
}
