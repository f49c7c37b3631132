//! Values of fields and what a person does to them.

use wangge_model::{FieldPath, Timestamp};

/// A value of a field.
#[derive(Debug, Clone, PartialEq, uniffi::Enum)]
pub enum FieldValue {
    /// Text, a choice's code, a date as `YYYY-MM-DD`, or another record's id.
    Text {
        /// The text.
        value: String,
    },
    /// A whole number.
    Integer {
        /// The number.
        value: i64,
    },
    /// A measured number.
    Number {
        /// The number.
        value: f64,
    },
    /// Yes or no.
    Flag {
        /// Yes if true.
        value: bool,
    },
    /// A moment.
    Time {
        /// The moment.
        value: Timestamp,
    },
}

/// One change of one field; no value clears it.
#[derive(Debug, Clone, PartialEq, uniffi::Record)]
pub struct FieldEdit {
    /// Which field.
    pub path: FieldPath,
    /// Its new value.
    pub value: Option<FieldValue>,
}

impl From<wangge_model::FieldValue> for FieldValue {
    fn from(value: wangge_model::FieldValue) -> Self {
        match value {
            wangge_model::FieldValue::Text(value) => Self::Text { value },
            wangge_model::FieldValue::Integer(value) => Self::Integer { value },
            wangge_model::FieldValue::Number(value) => Self::Number { value },
            wangge_model::FieldValue::Flag(value) => Self::Flag { value },
            wangge_model::FieldValue::Time(value) => Self::Time { value },
        }
    }
}

impl From<FieldValue> for wangge_model::FieldValue {
    fn from(value: FieldValue) -> Self {
        match value {
            FieldValue::Text { value } => Self::Text(value),
            FieldValue::Integer { value } => Self::Integer(value),
            FieldValue::Number { value } => Self::Number(value),
            FieldValue::Flag { value } => Self::Flag(value),
            FieldValue::Time { value } => Self::Time(value),
        }
    }
}

impl From<wangge_model::document::FieldEdit> for FieldEdit {
    fn from(edit: wangge_model::document::FieldEdit) -> Self {
        Self {
            path: edit.path,
            value: edit.value.map(FieldValue::from),
        }
    }
}

impl From<FieldEdit> for wangge_model::document::FieldEdit {
    fn from(edit: FieldEdit) -> Self {
        Self {
            path: edit.path,
            value: edit.value.map(wangge_model::FieldValue::from),
        }
    }
}

/// Edits as the core takes them.
pub(crate) fn to_core(edits: Vec<FieldEdit>) -> Vec<wangge_model::document::FieldEdit> {
    edits.into_iter().map(Into::into).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_of_value_comes_back_as_it_went() {
        for value in [
            wangge_model::FieldValue::text("王小明"),
            wangge_model::FieldValue::Integer(i64::MIN),
            wangge_model::FieldValue::Number(117.02),
            wangge_model::FieldValue::Flag(true),
            wangge_model::FieldValue::Time(Timestamp::from_millis(5)),
        ] {
            let there = FieldValue::from(value.clone());
            assert_eq!(wangge_model::FieldValue::from(there), value);
        }
    }

    #[test]
    fn an_edit_keeps_its_path_and_that_it_clears() {
        let edit = wangge_model::document::FieldEdit::clear(FieldPath::new("notes").unwrap());
        let there = FieldEdit::from(edit.clone());
        assert_eq!(there.value, None);
        assert_eq!(to_core(vec![there]), [edit]);
    }
}
