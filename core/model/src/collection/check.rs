//! Whether a definition makes sense: every mistake with its place, so that
//! whoever wrote it can mend it before a phone sees it.

use std::collections::HashSet;

use chrono::NaiveDate;

use super::{
    CollectionList, CollectionLists, Condition, ExtraChoice, ExtraField, ExtraType, FieldRule,
    Texts, condition::MOST_DEPTH,
};
use crate::{
    FieldPath, RecordKind,
    document::schema::{self, EXTRA, FieldOwner},
    message::{Language, message, message_id},
};

/// Largest definition, in bytes of JSON.
pub const MAX_BYTES: usize = 512 * 1024;
/// Most rules, and most added fields.
const MOST_FIELDS: usize = 1_000;
/// Most choices of a field.
const MOST_CHOICES: usize = 300;
/// Longest text of a definition, in characters.
const MOST_CHARACTERS: usize = 500;
/// Longest name of an added field, and longest code of a choice.
const MOST_NAME: usize = 40;
/// Most characters an added text may have: what the guard lets in of one.
const MOST_TEXT: usize = 2_000;

/// What is wrong with a definition. `at` is the place, such as `extra[3].label`.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CollectionListError {
    /// No JSON, or not of this form.
    #[error("line {line}: {reason}")]
    Malformed {
        /// Line, from 1.
        line: usize,
        /// What the parser says.
        reason: String,
    },
    /// Larger than [`MAX_BYTES`].
    #[error("the definition has {bytes} bytes")]
    TooLarge {
        /// Its size.
        bytes: usize,
    },
    /// More rules or fields than a form can show.
    #[error("{at}: too many")]
    TooMany {
        /// Where.
        at: String,
    },
    /// A text that is missing in one of the languages, or too long.
    #[error("{at}: a text is missing in one language, or too long")]
    Text {
        /// Where.
        at: String,
    },
    /// No purpose or no legal basis.
    #[error("{at}: what for, and on what basis?")]
    Unfounded {
        /// Where.
        at: String,
    },
    /// A built-in field that this kind of record does not have, or that people
    /// do not fill in.
    #[error("{at}: there is no such field: {field}")]
    UnknownField {
        /// Where.
        at: String,
        /// The field.
        field: String,
    },
    /// A name that is none, or is there twice.
    #[error("{at}: not a name, or there already: {name}")]
    Name {
        /// Where.
        at: String,
        /// The name.
        name: String,
    },
    /// Bounds that nothing fits.
    #[error("{at}: nothing fits these bounds")]
    Bounds {
        /// Where.
        at: String,
    },
    /// Choices that are missing, double or too many.
    #[error("{at}: choices are missing, double or too many")]
    Choices {
        /// Where.
        at: String,
    },
    /// A condition inside too many others.
    #[error("{at}: the condition is too deep")]
    Depth {
        /// Where.
        at: String,
    },
    /// An area that is no beginning of a grid code.
    #[error("{at}: not the beginning of a grid code: {area}")]
    Area {
        /// Where.
        at: String,
        /// The area.
        area: String,
    },
}

impl CollectionListError {
    /// Stable code; its texts are `collection-list-<code>` in the message files.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Malformed { .. } => "malformed",
            Self::TooLarge { .. } => "too_large",
            Self::TooMany { .. } => "too_many",
            Self::Text { .. } => "text",
            Self::Unfounded { .. } => "unfounded",
            Self::UnknownField { .. } => "unknown_field",
            Self::Name { .. } => "name",
            Self::Bounds { .. } => "bounds",
            Self::Choices { .. } => "choices",
            Self::Depth { .. } => "depth",
            Self::Area { .. } => "area",
        }
    }

    /// Every code, so that a test can hold the message files to them.
    pub const CODES: &'static [&'static str] = &[
        "malformed",
        "too_large",
        "too_many",
        "text",
        "unfounded",
        "unknown_field",
        "name",
        "bounds",
        "choices",
        "depth",
        "area",
    ];

    /// What is wrong and what to do about it.
    pub fn text(&self, language: Language) -> String {
        let id = message_id("collection-list", self.code());
        let detail = match self {
            Self::UnknownField { field: detail, .. }
            | Self::Name { name: detail, .. }
            | Self::Area { area: detail, .. }
            | Self::Malformed { reason: detail, .. } => detail.as_str(),
            _ => "",
        };
        message(
            language,
            &id,
            &[("place", &self.place()), ("detail", detail)],
        )
    }

    /// Where in the definition, e.g. `extra[3].label`; the line for what is no
    /// definition at all.
    pub fn place(&self) -> String {
        match self {
            Self::Malformed { line, .. } => line.to_string(),
            Self::TooLarge { .. } => String::new(),
            Self::TooMany { at }
            | Self::Text { at }
            | Self::Unfounded { at }
            | Self::UnknownField { at, .. }
            | Self::Name { at, .. }
            | Self::Bounds { at }
            | Self::Choices { at }
            | Self::Depth { at }
            | Self::Area { at, .. } => at.clone(),
        }
    }
}

impl CollectionList {
    /// Every mistake in the definition, in its order; none if phones may have
    /// it. `others` are the lists it will lie over, whose added fields its
    /// conditions may name.
    pub fn check(&self, others: &CollectionLists) -> Vec<CollectionListError> {
        let mut checked = Checked {
            names: others
                .each()
                .chain(std::iter::once(self))
                .flat_map(|list| &list.extra)
                .map(|field| (field.kind, extra_pattern(field)))
                .collect(),
            errors: Vec::new(),
        };
        if !is_name(&self.id, true) {
            checked.name("id", &self.id);
        }
        checked.texts("title", &self.title);
        for (place, rule) in self.rules.iter().enumerate() {
            checked.rule(&format!("rules[{place}]"), rule);
        }
        let mut seen = HashSet::new();
        for (place, field) in self.extra.iter().enumerate() {
            let at = format!("extra[{place}]");
            if !seen.insert((field.kind, extra_pattern(field))) {
                checked.name(&format!("{at}.name"), &field.name);
            }
            checked.extra(&at, field);
        }
        for (at, count) in [("rules", self.rules.len()), ("extra", self.extra.len())] {
            if count > MOST_FIELDS {
                let at = at.to_owned();
                checked.errors.push(CollectionListError::TooMany { at });
            }
        }
        checked.errors
    }
}

/// The path of an added field's values, with `*` for an entry.
pub(super) fn extra_pattern(field: &ExtraField) -> String {
    match &field.of {
        None => format!("{EXTRA}.{}", field.name),
        Some(_) => format!("{EXTRA}.*.{}", field.name),
    }
}

/// A name that makes a part of a path.
fn is_name(name: &str, with_hyphens: bool) -> bool {
    let is_inner = |b: u8| b.is_ascii_alphanumeric() || b == b'_' || (with_hyphens && b == b'-');
    !name.is_empty()
        && name.len() <= MOST_NAME
        && name.bytes().all(is_inner)
        && name
            .bytes()
            .next()
            .is_some_and(|b| b.is_ascii_alphanumeric())
}

struct Checked {
    /// Added fields that conditions may name.
    names: HashSet<(RecordKind, String)>,
    errors: Vec<CollectionListError>,
}

impl Checked {
    fn name(&mut self, at: &str, name: &str) {
        self.errors.push(CollectionListError::Name {
            at: at.to_owned(),
            name: name.to_owned(),
        });
    }

    fn texts(&mut self, at: &str, texts: &Texts) {
        let fits = |text: &str| !text.trim().is_empty() && text.chars().count() <= MOST_CHARACTERS;
        if !fits(&texts.zh) || !fits(&texts.en) {
            self.errors
                .push(CollectionListError::Text { at: at.to_owned() });
        }
    }

    fn founded(&mut self, at: &str, purpose: &Texts, basis: &str) {
        let is_said = |text: &str| !text.trim().is_empty();
        let is_short = basis.chars().count() <= MOST_CHARACTERS;
        if !is_said(&purpose.zh) || !is_said(&purpose.en) || !is_said(basis) || !is_short {
            self.errors
                .push(CollectionListError::Unfounded { at: at.to_owned() });
        }
    }

    fn areas(&mut self, at: &str, areas: &[String]) {
        for area in areas {
            let is_code =
                (2..=24).contains(&area.len()) && area.bytes().all(|b| b.is_ascii_digit());
            if !is_code {
                self.errors.push(CollectionListError::Area {
                    at: format!("{at}.areas"),
                    area: area.clone(),
                });
            }
        }
    }

    fn rule(&mut self, at: &str, rule: &FieldRule) {
        let places = [("fields", rule.fields.len())];
        for (name, count) in places {
            if count == 0 || count > MOST_FIELDS {
                let at = format!("{at}.{name}");
                self.errors.push(CollectionListError::TooMany { at });
            }
        }
        for field in &rule.fields {
            let spec = schema::fields(rule.kind)
                .iter()
                .find(|spec| spec.path == field);
            if spec.is_none_or(|spec| spec.owner != FieldOwner::People) {
                self.errors.push(CollectionListError::UnknownField {
                    at: format!("{at}.fields"),
                    field: field.clone(),
                });
            }
        }
        self.founded(at, &rule.purpose, &rule.basis);
        self.areas(at, &rule.areas);
        if let Some(when) = &rule.when {
            let is_entry = rule.fields.iter().any(|field| field.contains('*'));
            self.condition(at, rule.kind, is_entry, when);
        }
    }

    fn extra(&mut self, at: &str, field: &ExtraField) {
        if !is_name(&field.name, false) {
            self.name(&format!("{at}.name"), &field.name);
        }
        if let Some(collection) = &field.of {
            let start = format!("{collection}.*.");
            let is_one = schema::fields(field.kind)
                .iter()
                .any(|spec| spec.path.starts_with(&start));
            if !is_one {
                self.errors.push(CollectionListError::UnknownField {
                    at: format!("{at}.of"),
                    field: collection.clone(),
                });
            }
        }
        self.texts(&format!("{at}.label"), &field.label);
        if let Some(help) = &field.help {
            self.texts(&format!("{at}.help"), help);
        }
        self.founded(at, &field.purpose, &field.basis);
        self.areas(at, &field.areas);
        self.value(at, &field.value);
        if let Some(when) = &field.when {
            self.condition(at, field.kind, field.of.is_some(), when);
        }
    }

    fn value(&mut self, at: &str, value: &ExtraType) {
        let fits = match value {
            ExtraType::Text { min, max, .. } => *min <= *max && (1..=MOST_TEXT).contains(max),
            ExtraType::Number { min, max, .. } => min.is_finite() && max.is_finite() && min <= max,
            ExtraType::Date {
                earliest, latest, ..
            } => {
                let is_day = |day: &Option<String>| {
                    day.as_ref()
                        .is_none_or(|day| day.parse::<NaiveDate>().is_ok())
                };
                let in_order = earliest
                    .as_ref()
                    .zip(latest.as_ref())
                    .is_none_or(|(earliest, latest)| earliest <= latest);
                is_day(earliest) && is_day(latest) && in_order
            }
            ExtraType::Choice { choices } | ExtraType::Choices { choices } => {
                self.choices(at, choices);
                true
            }
            ExtraType::Flag | ExtraType::Unknown => true,
        };
        if !fits {
            self.errors
                .push(CollectionListError::Bounds { at: at.to_owned() });
        }
    }

    fn choices(&mut self, at: &str, choices: &[ExtraChoice]) {
        let mut codes = HashSet::new();
        let are_codes = choices
            .iter()
            .all(|choice| is_name(&choice.code, true) && codes.insert(&choice.code));
        if choices.is_empty() || choices.len() > MOST_CHOICES || !are_codes {
            let at = format!("{at}.choices");
            self.errors.push(CollectionListError::Choices { at });
        }
        for (place, choice) in choices.iter().enumerate() {
            self.texts(&format!("{at}.choices[{place}].label"), &choice.label);
        }
    }

    fn condition(&mut self, at: &str, kind: RecordKind, is_entry: bool, when: &Condition) {
        let at = format!("{at}.when");
        if when.depth() > MOST_DEPTH {
            self.errors.push(CollectionListError::Depth { at });
            return;
        }
        for field in when.fields() {
            let is_built_in = schema::fields(kind).iter().any(|spec| spec.path == field);
            let is_added = self.names.contains(&(kind, field.to_owned()));
            // Of which entry, if the field asked belongs to none?
            let is_clear = is_entry || !field.contains('*');
            let is_path = FieldPath::new(field.replace('*', "x")).is_ok();
            if !(is_path && is_clear && (is_built_in || is_added)) {
                self.errors.push(CollectionListError::UnknownField {
                    at: at.clone(),
                    field: field.to_owned(),
                });
            }
        }
    }
}
