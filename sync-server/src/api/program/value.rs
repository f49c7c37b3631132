//! A field's value as JSON: text, numbers and yes/no as they are, moments as
//! RFC 3339 in UTC, nothing as `null`.

use serde_json::Value;
use wangge_model::{
    FieldValue, Timestamp,
    document::schema::{FieldError, FieldSpec, FieldType},
};

/// The JSON form of a value.
pub(super) fn to_json(value: &FieldValue) -> Value {
    match value {
        FieldValue::Text(text) => Value::from(text.as_str()),
        FieldValue::Integer(number) => Value::from(*number),
        FieldValue::Number(number) => Value::from(*number),
        FieldValue::Flag(flag) => Value::from(*flag),
        FieldValue::Time(at) => Value::from(at.to_rfc3339()),
    }
}

/// The value of a field in its JSON form; `None` clears the field.
pub(super) fn from_json(spec: &FieldSpec, value: &Value) -> Result<Option<FieldValue>, FieldError> {
    Ok(Some(match (spec.kind, value) {
        (_, Value::Null) => return Ok(None),
        (FieldType::Time, Value::String(text)) => {
            FieldValue::Time(Timestamp::parse_rfc3339(text).ok_or(FieldError::WrongType)?)
        }
        (_, Value::String(text)) => FieldValue::Text(text.clone()),
        (FieldType::Integer(..), Value::Number(number)) => {
            FieldValue::Integer(number.as_i64().ok_or(FieldError::WrongType)?)
        }
        (_, Value::Number(number)) => {
            FieldValue::Number(number.as_f64().ok_or(FieldError::WrongType)?)
        }
        (_, Value::Bool(flag)) => FieldValue::Flag(*flag),
        (_, Value::Array(_) | Value::Object(_)) => return Err(FieldError::WrongType),
    }))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;
    use wangge_model::{FieldPath, RecordKind, document::schema::find_field};

    fn read(path: &str, value: &Value) -> Result<Option<FieldValue>, FieldError> {
        let spec = find_field(RecordKind::Visit, &FieldPath::new(path).unwrap()).unwrap();
        from_json(spec, value)
    }

    #[test]
    fn values_come_back_as_they_were() {
        for (path, value) in [
            ("diary", json!("一切平安")),
            ("point.longitude", json!(117.000_923)),
            ("started_at", json!("2026-01-01T01:02:03.004Z")),
            ("checks.a.passed", json!(true)),
        ] {
            let read = read(path, &value).unwrap().unwrap();
            assert_eq!(to_json(&read), value, "{path}");
        }
        assert_eq!(read("diary", &Value::Null), Ok(None));
    }

    #[test]
    fn what_no_field_holds_is_refused() {
        for value in [json!([1]), json!({"a": 1})] {
            assert_eq!(read("diary", &value), Err(FieldError::WrongType));
        }
        assert_eq!(
            read("started_at", &json!("yesterday")),
            Err(FieldError::WrongType)
        );
    }
}
