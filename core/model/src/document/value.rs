//! Values of fields, and their one-to-one form inside an Automerge document.

use automerge::ScalarValue;
use minicbor::{Decode, Encode};
use serde::{Deserialize, Serialize};

use crate::Timestamp;

/// A value a person entered. An absent value (`None` where an option is used)
/// is written as Automerge `null`: deleting a key would lose a concurrent edit.
#[derive(Debug, Clone, PartialEq, Encode, Decode, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "type", content = "value")]
pub enum FieldValue {
    /// Text, a choice's code, a date as `YYYY-MM-DD`, or another record's id.
    #[n(0)]
    Text(#[n(0)] String),
    /// A whole number.
    #[n(1)]
    Integer(#[n(0)] i64),
    /// A measured number.
    #[n(2)]
    Number(#[n(0)] f64),
    /// Yes or no.
    #[n(3)]
    Flag(#[n(0)] bool),
    /// A moment.
    #[n(4)]
    Time(#[n(0)] Timestamp),
}

impl FieldValue {
    /// Text that is there and not blank.
    pub fn text(text: impl Into<String>) -> Self {
        Self::Text(text.into())
    }

    /// The text, if it is one.
    pub fn as_text(&self) -> Option<&str> {
        match self {
            Self::Text(text) => Some(text),
            _ => None,
        }
    }

    /// The moment, if it is one.
    pub fn as_time(&self) -> Option<Timestamp> {
        match self {
            Self::Time(time) => Some(*time),
            _ => None,
        }
    }

    /// The number, whole or not.
    #[expect(
        clippy::cast_precision_loss,
        reason = "numbers of people and metres are far below 2^53"
    )]
    pub fn as_number(&self) -> Option<f64> {
        match self {
            Self::Number(number) => Some(*number),
            Self::Integer(number) => Some(*number as f64),
            _ => None,
        }
    }

    /// Yes or no, if it is that.
    pub fn as_flag(&self) -> Option<bool> {
        match self {
            Self::Flag(flag) => Some(*flag),
            _ => None,
        }
    }

    /// The value as a person reads it; codes stay codes.
    pub fn to_display(&self) -> String {
        match self {
            Self::Text(text) => text.clone(),
            Self::Integer(number) => number.to_string(),
            Self::Number(number) => number.to_string(),
            Self::Flag(true) => "是".to_owned(),
            Self::Flag(false) => "否".to_owned(),
            Self::Time(time) => time.to_china_text(),
        }
    }

    pub(crate) fn to_scalar(&self) -> ScalarValue {
        match self {
            Self::Text(text) => ScalarValue::Str(text.as_str().into()),
            Self::Integer(number) => ScalarValue::Int(*number),
            Self::Number(number) => ScalarValue::F64(*number),
            Self::Flag(flag) => ScalarValue::Boolean(*flag),
            Self::Time(time) => ScalarValue::Timestamp(time.as_millis()),
        }
    }

    /// The value a scalar stands for; `None` for null and for scalars that no
    /// field uses (bytes, counters).
    pub(crate) fn from_scalar(scalar: &ScalarValue) -> Option<Self> {
        match scalar {
            ScalarValue::Str(text) => Some(Self::Text(text.to_string())),
            ScalarValue::Int(number) => Some(Self::Integer(*number)),
            ScalarValue::Uint(number) => i64::try_from(*number).ok().map(Self::Integer),
            ScalarValue::F64(number) => Some(Self::Number(*number)),
            ScalarValue::Boolean(flag) => Some(Self::Flag(*flag)),
            ScalarValue::Timestamp(millis) => Some(Self::Time(Timestamp::from_millis(*millis))),
            ScalarValue::Bytes(_)
            | ScalarValue::Counter(_)
            | ScalarValue::Unknown { .. }
            | ScalarValue::Null => None,
        }
    }
}

/// One change a person makes to one field; `None` clears it.
#[derive(Debug, Clone, PartialEq, Encode, Decode, Serialize, Deserialize)]
pub struct FieldEdit {
    /// Which field.
    #[n(0)]
    pub path: super::FieldPath,
    /// Its new value.
    #[n(1)]
    pub value: Option<FieldValue>,
}

impl FieldEdit {
    /// Sets a field.
    pub fn set(path: super::FieldPath, value: FieldValue) -> Self {
        Self {
            path,
            value: Some(value),
        }
    }

    /// Clears a field.
    pub fn clear(path: super::FieldPath) -> Self {
        Self { path, value: None }
    }
}
