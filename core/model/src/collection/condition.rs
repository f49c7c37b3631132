//! When a field is asked: conditions on the other fields of the same record.

use chrono::NaiveDate;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::{FieldValue, document::Fields};

/// Something that may hold of a record. A field is named by its path; of an
/// entry's own fields by the pattern, e.g. `members.*.birth_date`, which then
/// stands for the same entry.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Condition {
    /// The field has this value.
    Equals {
        /// The field.
        field: String,
        /// The value: text, number, or yes and no.
        equals: Value,
    },
    /// The field has one of these values.
    OneOf {
        /// The field.
        field: String,
        /// The values.
        one_of: Vec<Value>,
    },
    /// Somebody is younger than so many years by this birth date.
    YoungerThan {
        /// The field.
        field: String,
        /// Whole years.
        younger_than: u32,
    },
    /// The field has a number above this.
    Above {
        /// The field.
        field: String,
        /// The number.
        above: f64,
    },
    /// The field has a value, whatever it is.
    Filled {
        /// The field.
        filled: String,
    },
    /// Every one of these holds.
    All {
        /// They.
        all: Vec<Self>,
    },
    /// At least one of these holds.
    Any {
        /// They.
        any: Vec<Self>,
    },
    /// This does not hold.
    Not {
        /// It.
        not: Box<Self>,
    },
}

/// Conditions inside each other; nobody needs more, and a machine that wrote
/// more has gone wrong.
pub(super) const MOST_DEPTH: usize = 8;

impl Condition {
    /// Whether it holds; `entry` is the entry whose field is asked.
    pub(super) fn holds(&self, fields: &Fields, entry: Option<&str>, today: NaiveDate) -> bool {
        let value = |field: &str| fields.value(&place(field, entry));
        match self {
            Self::Equals { field, equals } => value(field).is_some_and(|value| is(value, equals)),
            Self::OneOf { field, one_of } => {
                value(field).is_some_and(|value| one_of.iter().any(|one| is(value, one)))
            }
            Self::YoungerThan {
                field,
                younger_than,
            } => value(field)
                .and_then(FieldValue::as_text)
                .and_then(|text| text.parse::<NaiveDate>().ok())
                .and_then(|birth| today.years_since(birth))
                .is_some_and(|age| age < *younger_than),
            Self::Above { field, above } => value(field)
                .and_then(FieldValue::as_number)
                .is_some_and(|number| number > *above),
            Self::Filled { filled } => value(filled).is_some(),
            Self::All { all } => all.iter().all(|one| one.holds(fields, entry, today)),
            Self::Any { any } => any.iter().any(|one| one.holds(fields, entry, today)),
            Self::Not { not } => !not.holds(fields, entry, today),
        }
    }

    /// Every field it looks at.
    pub(super) fn fields(&self) -> Vec<&str> {
        match self {
            Self::Equals { field, .. }
            | Self::OneOf { field, .. }
            | Self::YoungerThan { field, .. }
            | Self::Above { field, .. } => vec![field],
            Self::Filled { filled } => vec![filled],
            Self::All { all: parts } | Self::Any { any: parts } => {
                parts.iter().flat_map(Self::fields).collect()
            }
            Self::Not { not } => not.fields(),
        }
    }

    /// How deep conditions lie inside each other.
    pub(super) fn depth(&self) -> usize {
        let inner = match self {
            Self::All { all: parts } | Self::Any { any: parts } => {
                parts.iter().map(Self::depth).max().unwrap_or(0)
            }
            Self::Not { not } => not.depth(),
            Self::Equals { .. }
            | Self::OneOf { .. }
            | Self::YoungerThan { .. }
            | Self::Above { .. }
            | Self::Filled { .. } => 0,
        };
        inner + 1
    }
}

/// The path a condition means where the field of this entry is asked.
fn place(field: &str, entry: Option<&str>) -> String {
    match entry {
        Some(entry) => field.replace('*', entry),
        None => field.to_owned(),
    }
}

fn is(value: &FieldValue, wanted: &Value) -> bool {
    match (value, wanted) {
        (FieldValue::Text(text), Value::String(wanted)) => text == wanted,
        (FieldValue::Flag(flag), Value::Bool(wanted)) => flag == wanted,
        (FieldValue::Integer(_) | FieldValue::Number(_), Value::Number(wanted)) => {
            wanted.as_f64() == value.as_number()
        }
        _ => false,
    }
}
