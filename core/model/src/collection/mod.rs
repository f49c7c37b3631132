//! Collection lists (采集清单): which fields a place collects, what for and on
//! what legal basis, and which fields it adds to those that are built in.
//!
//! A list is reference data, written as JSON: phones and console read the same
//! definition and show the same form. It never touches what is stored. A field
//! that a list hides keeps its value, the value of a field whose definition is
//! gone or newer than the app stays where it is, and an app that does not know
//! a kind of field leaves it alone.
//!
//! * this file: the definition and its JSON form;
//! * [`condition`](Condition): when a field is asked;
//! * [`check`](CollectionList::check): whether a definition makes sense;
//! * [`evaluate`](evaluate()): the form for one record.

mod check;
mod condition;
mod evaluate;

use std::{collections::BTreeMap, sync::OnceLock};

use serde::{Deserialize, Serialize};

pub use check::{CollectionListError, MAX_BYTES};
pub use condition::Condition;
pub use evaluate::{Form, FormItem, FormItemKind, FormProblem, evaluate};

use crate::{RecordKind, message::Language};

/// One list: an overlay over the built-in one and over the lists before it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct CollectionList {
    /// Its name among lists, e.g. `jinan-2026`.
    pub id: String,
    /// What people call it.
    pub title: Texts,
    /// What becomes of built-in fields; of several rules for a field the last
    /// that applies counts.
    #[serde(default)]
    pub rules: Vec<FieldRule>,
    /// Fields it adds, in the order of the form.
    #[serde(default)]
    pub extra: Vec<ExtraField>,
}

/// A text in both languages.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Texts {
    /// Simplified Chinese.
    pub zh: String,
    /// English.
    pub en: String,
}

impl Texts {
    /// The text in a language.
    pub fn in_language(&self, language: Language) -> &str {
        match language {
            Language::Chinese => &self.zh,
            Language::English => &self.en,
        }
    }
}

/// What is done about a field.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Ask {
    /// It is not shown, unless it has a value.
    Hidden,
    /// It is asked.
    Asked,
    /// It is asked, and pointed out while it is empty.
    Required,
}

/// What becomes of some built-in fields.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct FieldRule {
    /// The kind of record.
    pub kind: RecordKind,
    /// The fields, as [`crate::document::schema::FieldSpec::path`] names them.
    pub fields: Vec<String>,
    /// What is done about them.
    pub ask: Ask,
    /// Only while this holds; otherwise they are hidden.
    #[serde(default)]
    pub when: Option<Condition>,
    /// Beginnings of grid codes where the rule holds; none: everywhere.
    #[serde(default)]
    pub areas: Vec<String>,
    /// What the fields are collected for.
    pub purpose: Texts,
    /// The law, rule or notice that allows it.
    pub basis: String,
}

/// A field that a list adds. Its values lie at `extra.<name>` of the record, or
/// at `extra.<entry>.<name>` of the entries of a collection.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ExtraField {
    /// Its name: letters, digits, `_`; the same name is the same field in every
    /// list.
    pub name: String,
    /// The kind of record.
    pub kind: RecordKind,
    /// The collection whose entries have it, e.g. `members`; none: the record.
    #[serde(default)]
    pub of: Option<String>,
    /// Its name in the form.
    pub label: Texts,
    /// A sentence of help, if it needs one.
    #[serde(default)]
    pub help: Option<Texts>,
    /// What it may hold.
    #[serde(flatten)]
    pub value: ExtraType,
    /// What is done about it.
    #[serde(default = "asked")]
    pub ask: Ask,
    /// Only while this holds; otherwise it is hidden.
    #[serde(default)]
    pub when: Option<Condition>,
    /// Beginnings of grid codes where it is collected; none: everywhere.
    #[serde(default)]
    pub areas: Vec<String>,
    /// What it is collected for.
    pub purpose: Texts,
    /// The law, rule or notice that allows it.
    pub basis: String,
}

const fn asked() -> Ask {
    Ask::Asked
}

/// What an added field may hold.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "type")]
pub enum ExtraType {
    /// Text.
    Text {
        /// Fewest characters, 0 if left out.
        #[serde(default)]
        min: usize,
        /// Most characters.
        max: usize,
        /// Whether it has several lines.
        #[serde(default)]
        lines: bool,
    },
    /// A number.
    Number {
        /// Smallest.
        min: f64,
        /// Largest.
        max: f64,
        /// Whether only whole numbers fit.
        #[serde(default)]
        whole: bool,
    },
    /// A day.
    Date {
        /// The earliest, `YYYY-MM-DD`.
        #[serde(default)]
        earliest: Option<String>,
        /// The latest.
        #[serde(default)]
        latest: Option<String>,
        /// Whether it may lie after today.
        #[serde(default)]
        future: bool,
    },
    /// One of several.
    Choice {
        /// What there is to choose.
        choices: Vec<ExtraChoice>,
    },
    /// Any of several, stored as their codes in order with commas between.
    Choices {
        /// What there is to choose.
        choices: Vec<ExtraChoice>,
    },
    /// Yes or no.
    Flag,
    /// A type that only a newer app knows: not shown, its value kept.
    #[serde(other)]
    Unknown,
}

/// Something to choose.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ExtraChoice {
    /// What is stored.
    pub code: String,
    /// What is shown.
    pub label: Texts,
}

impl CollectionList {
    /// Reads a definition; see [`CollectionList::check`] for whether it makes
    /// sense.
    pub fn from_json(json: &str) -> Result<Self, CollectionListError> {
        if json.len() > MAX_BYTES {
            return Err(CollectionListError::TooLarge { bytes: json.len() });
        }
        serde_json::from_str(json).map_err(|error| CollectionListError::Malformed {
            line: error.line(),
            reason: error.to_string(),
        })
    }

    /// The definition as JSON, the same text for the same definition.
    pub fn to_json(&self) -> Result<String, CollectionListError> {
        serde_json::to_string_pretty(self).map_err(|error| CollectionListError::Malformed {
            line: error.line(),
            reason: error.to_string(),
        })
    }
}

/// What the names of collection lists begin with among reference sets; the
/// list's id follows. All that hold at a place count, not the nearest only.
pub const SET_PREFIX: &str = "collection_list.";

/// The list that ships with the code and lies below all others: every built-in
/// field with its purpose and basis.
pub fn built_in() -> &'static CollectionList {
    static LIST: OnceLock<CollectionList> = OnceLock::new();
    LIST.get_or_init(|| {
        // The text is part of this crate, and a test reads and checks it.
        CollectionList::from_json(include_str!("built_in.json")).unwrap_or(CollectionList {
            id: "built-in".to_owned(),
            title: Texts::default(),
            rules: Vec::new(),
            extra: Vec::new(),
        })
    })
}

/// Lists from the widest area to the narrowest, the built-in one first.
#[derive(Debug, Clone, PartialEq)]
pub struct CollectionLists(Vec<CollectionList>);

impl Default for CollectionLists {
    fn default() -> Self {
        Self::over_built_in(Vec::new())
    }
}

impl CollectionLists {
    /// These lists over the built-in one.
    pub fn over_built_in(lists: Vec<CollectionList>) -> Self {
        Self(std::iter::once(built_in().clone()).chain(lists).collect())
    }

    /// The lists of these definitions over the built-in one, from the widest area
    /// to the narrowest. One that cannot be read is left out: the server checks
    /// before it publishes, so it is of a newer one.
    pub fn read<'a>(definitions: impl IntoIterator<Item = &'a [u8]>) -> Self {
        let lists = definitions
            .into_iter()
            .filter_map(|body| CollectionList::from_json(std::str::from_utf8(body).ok()?).ok());
        Self::over_built_in(lists.collect())
    }

    /// Each list, the built-in one first.
    pub fn each(&self) -> std::slice::Iter<'_, CollectionList> {
        self.0.iter()
    }

    /// The definitions of added fields of a kind of record that hold in a grid,
    /// by name and collection; of several the last counts.
    pub fn extra_fields(&self, kind: RecordKind, grid_code: &str) -> Vec<&ExtraField> {
        let mut fields: BTreeMap<(Option<&str>, &str), (usize, &ExtraField)> = BTreeMap::new();
        let all = self.each().flat_map(|list| &list.extra);
        for (place, field) in all.enumerate() {
            if field.kind == kind && is_in(&field.areas, grid_code) {
                fields.insert((field.of.as_deref(), &field.name), (place, field));
            }
        }
        let mut fields: Vec<(usize, &ExtraField)> = fields.into_values().collect();
        fields.sort_unstable_by_key(|(place, _)| *place);
        fields.into_iter().map(|(_, field)| field).collect()
    }

    /// The rule for a built-in field in a grid.
    pub fn rule(&self, kind: RecordKind, pattern: &str, grid_code: &str) -> Option<&FieldRule> {
        self.each().flat_map(|list| &list.rules).rfind(|rule| {
            rule.kind == kind
                && rule.fields.iter().any(|field| field == pattern)
                && is_in(&rule.areas, grid_code)
        })
    }
}

/// Whether a grid lies in one of these areas.
fn is_in(areas: &[String], grid_code: &str) -> bool {
    areas.is_empty()
        || areas
            .iter()
            .any(|area| grid_code.starts_with(area.as_str()))
}

#[cfg(test)]
mod tests;
