//! Work orders of the hotline 12345 (政务服务便民热线, source 001): what an order
//! must say, and which class of ours theirs is.
//!
//! Owns checking an order and the class map, a reference set. Does not own how a
//! file's columns are found nor where orders are kept (the server).

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::{
    FieldPath, FieldValue, TextRule, Timestamp,
    document::FieldEdit,
    message::{Language, message, message_id},
};

/// Name of the set that says which class of ours theirs is, see [`ClassMap`].
pub const HOTLINE_CLASSES: &str = "hotline_classes";

/// Longest number of an order, in characters.
pub const NUMBER_CHARS: usize = 64;
/// Longest class of theirs, in characters.
pub const CLASS_CHARS: usize = 100;
/// Longest content, in characters: what an incident's description holds.
pub const CONTENT_CHARS: usize = 10_000;
/// Most orders of one file or request.
pub const MOST_ORDERS: usize = 1_000;
/// Most rows of a class map.
const MOST_CLASSES: usize = 2_000;
/// Longest class code of ours, as in the incident's document.
const CATEGORY_CHARS: usize = 32;
/// Longest title and place, as in the incident's document.
const TITLE_CHARS: usize = 80;
const ADDRESS_CHARS: usize = 160;

/// An order as it came, unchecked.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct HotlineOrder {
    /// Their number: one order, one number.
    pub number: String,
    /// Their class, in their words.
    pub class: String,
    /// One line.
    pub title: String,
    /// What is asked.
    pub content: String,
    /// Where, in words.
    pub address: String,
    /// Code of the grid, if they know it.
    pub grid_code: String,
    /// When the hotline took it, if they say.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub received_at: Option<Timestamp>,
}

/// What is wrong with an order. The texts are `hotline-<code>`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum HotlineError {
    /// No number, or one too long or not plain.
    #[error("the number must have 1 to {NUMBER_CHARS} letters, digits or -_./")]
    Number,
    /// A class too long.
    #[error("the class may have {CLASS_CHARS} characters")]
    Class,
    /// Neither title nor content.
    #[error("title and content are empty")]
    Empty,
    /// A text too long, or one that cannot be kept.
    #[error("a text is too long or holds characters that cannot be kept")]
    Text,
    /// Not a time.
    #[error("not a time")]
    Time,
}

impl HotlineError {
    /// Every one.
    pub const ALL: [Self; 5] = [
        Self::Number,
        Self::Class,
        Self::Empty,
        Self::Text,
        Self::Time,
    ];

    /// Stable code.
    pub const fn code(self) -> &'static str {
        match self {
            Self::Number => "number",
            Self::Class => "class",
            Self::Empty => "empty",
            Self::Text => "text",
            Self::Time => "time",
        }
    }

    /// What is wrong and what to do about it.
    pub fn text(self, language: Language) -> String {
        message(language, &message_id("hotline", self.code()), &[])
    }
}

impl HotlineOrder {
    /// The order as it is kept; the first thing that is wrong.
    pub fn checked(&self) -> Result<Self, HotlineError> {
        let number = self.number.trim();
        let is_plain = |c: char| c.is_ascii_alphanumeric() || "-_./".contains(c);
        if !(1..=NUMBER_CHARS).contains(&number.len()) || !number.chars().all(is_plain) {
            return Err(HotlineError::Number);
        }
        let line = |text: &str, most| {
            let line = TextRule::line(most).apply(text);
            line.map_err(|_| HotlineError::Text)
        };
        let class = TextRule::line(CLASS_CHARS).apply(&self.class);
        let content = TextRule::lines(CONTENT_CHARS).apply(&self.content);
        let order = Self {
            number: number.to_owned(),
            class: class.map_err(|_| HotlineError::Class)?,
            // A title is cut: the content says it all.
            title: line(&self.title, CONTENT_CHARS)?
                .chars()
                .take(TITLE_CHARS)
                .collect(),
            content: content.map_err(|_| HotlineError::Text)?,
            address: line(&self.address, ADDRESS_CHARS)?,
            grid_code: line(&self.grid_code, CLASS_CHARS)?,
            received_at: self.received_at,
        };
        if order.title.is_empty() && order.content.is_empty() {
            return Err(HotlineError::Empty);
        }
        Ok(order)
    }

    /// The fields of the incident it becomes.
    pub fn edits(&self, category: &str) -> Vec<FieldEdit> {
        let title = if self.title.is_empty() {
            let first = self.content.lines().next().unwrap_or_default();
            first.chars().take(TITLE_CHARS).collect()
        } else {
            self.title.clone()
        };
        let texts = [
            ("category", category.to_owned()),
            ("urgency", "normal".to_owned()),
            ("source", "hotline".to_owned()),
            ("title", title),
            ("description", self.content.clone()),
            ("place", self.address.clone()),
        ];
        let texts = texts.into_iter().filter(|(_, text)| !text.is_empty());
        let texts = texts.map(|(path, text)| (path, FieldValue::Text(text)));
        let time = self
            .received_at
            .map(|at| ("occurred_at", FieldValue::Time(at)));
        texts
            .chain(time)
            .filter_map(|(path, value)| Some(FieldEdit::set(FieldPath::new(path).ok()?, value)))
            .collect()
    }
}

/// Which class of ours a class of theirs is.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ClassMap {
    /// Their class, or what several of theirs begin with, and our code. Of
    /// several that fit the longest holds.
    pub classes: BTreeMap<String, String>,
}

/// A class map that makes no sense.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ClassMapError {
    /// Not of its shape.
    #[error("not a valid set: {0}")]
    Json(String),
    /// Too many rows.
    #[error("more than {MOST_CLASSES} classes")]
    TooMany,
    /// An empty class, or one too long.
    #[error("not a class: {0:?}")]
    Class(String),
}

impl ClassMap {
    /// Reads a set.
    pub fn read(body: &[u8]) -> Result<Self, ClassMapError> {
        let map: Self =
            serde_json::from_slice(body).map_err(|error| ClassMapError::Json(error.to_string()))?;
        if map.classes.len() > MOST_CLASSES {
            return Err(ClassMapError::TooMany);
        }
        for (theirs, ours) in &map.classes {
            let is_theirs = (1..=CLASS_CHARS).contains(&theirs.chars().count());
            if !is_theirs || theirs.trim() != theirs || !is_category(ours) {
                return Err(ClassMapError::Class(theirs.chars().take(40).collect()));
            }
        }
        Ok(map)
    }

    /// Our class of theirs; `None`: nobody said.
    pub fn find(&self, theirs: &str) -> Option<&str> {
        let fitting = self.classes.iter();
        let fitting = fitting.filter(|(class, _)| theirs.starts_with(class.as_str()));
        let longest = fitting.max_by_key(|(class, _)| class.len());
        longest.map(|(_, ours)| ours.as_str())
    }
}

/// Whether this may be a class code of ours.
pub fn is_category(text: &str) -> bool {
    (1..=CATEGORY_CHARS).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_alphanumeric())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{ActorId, RecordKind, document::RecordDocument, incident::Incident};

    fn order() -> HotlineOrder {
        HotlineOrder {
            number: "JN20260101-0001".to_owned(),
            class: "城市管理/公用设施/路灯".to_owned(),
            title: "反映路灯不亮".to_owned(),
            content: "平安里路口路灯三天不亮。".to_owned(),
            address: "平安里路口".to_owned(),
            ..HotlineOrder::default()
        }
    }

    #[test]
    fn an_order_says_what_is_wrong_with_it() {
        let code = |change: &dyn Fn(&mut HotlineOrder)| {
            let mut order = order();
            change(&mut order);
            order.checked().err().map(HotlineError::code)
        };
        assert_eq!(code(&|_| ()), None);
        assert_eq!(code(&|o| o.number.clear()), Some("number"));
        assert_eq!(code(&|o| o.number = "1'; --".to_owned()), Some("number"));
        assert_eq!(code(&|o| o.number = "1".repeat(65)), Some("number"));
        assert_eq!(code(&|o| o.class = "类".repeat(101)), Some("class"));
        assert_eq!(
            code(&|o| {
                o.title = " ".to_owned();
                o.content.clear();
            }),
            Some("empty")
        );
        assert_eq!(code(&|o| o.content = "水".repeat(10_001)), Some("text"));
        assert_eq!(code(&|o| o.content = "a\0b".to_owned()), Some("text"));
        let mut long = order();
        long.title = "路".repeat(300);
        assert_eq!(long.checked().unwrap().title.chars().count(), TITLE_CHARS);
    }

    #[test]
    fn an_order_becomes_an_incident_of_the_hotline() {
        let at = Timestamp::from_millis(1_767_225_600_000);
        let order = HotlineOrder {
            title: String::new(),
            received_at: Some(at),
            ..order()
        };
        let mut document = RecordDocument::new(RecordKind::Incident);
        document
            .edit(&order.edits("4006"), ActorId::from_bytes([1; 16]), at)
            .unwrap()
            .unwrap();
        let incident = Incident::read(&document);
        assert_eq!(incident.title, "平安里路口路灯三天不亮。");
        assert_eq!(
            (incident.source.as_str(), incident.category.as_str()),
            ("hotline", "4006")
        );
        assert_eq!(incident.occurred_at, Some(at));
    }

    #[test]
    fn the_longest_class_that_fits_holds_and_nonsense_is_refused() {
        let map = ClassMap::read(
            r#"{"classes": {"城市管理": "4099", "城市管理/公用设施": "4006"}}"#.as_bytes(),
        )
        .unwrap();
        assert_eq!(map.find("城市管理/公用设施/路灯"), Some("4006"));
        assert_eq!(map.find("城市管理/噪声"), Some("4099"));
        assert_eq!(map.find("社会保障"), None);
        assert_eq!(map.find(""), None);
        for wrong in [
            r#"{"classes": {"": "4006"}}"#,
            r#"{"classes": {"城市管理": ""}}"#,
            r#"{"classes": {"城市管理": "路灯"}}"#,
            r#"{"class": {}}"#,
            r#"{"classes": []}"#,
        ] {
            assert!(ClassMap::read(wrong.as_bytes()).is_err(), "{wrong}");
        }
    }

    #[test]
    fn every_mistake_has_a_text_in_both_languages() {
        for language in Language::ALL {
            for error in HotlineError::ALL {
                assert!(!error.text(language).contains("hotline-"));
            }
        }
    }
}
