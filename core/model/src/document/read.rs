//! Reading fields.

use automerge::{ObjId, ObjType, ROOT, ReadDoc, Value};

use super::{FieldPath, FieldValue, RecordDocument, edit::locate, genesis};

impl RecordDocument {
    /// The value of a field; `None` if it was never set or was cleared. Of
    /// several concurrent values, the one every copy agrees to show.
    pub fn value(&self, path: &FieldPath) -> Option<FieldValue> {
        let (object, key) = locate(&self.doc, path)?;
        let (value, id) = self.doc.get(&object, key.as_str()).ok()??;
        self.to_field_value(&value, &id)
    }

    /// The text of a field, if it is one.
    pub fn text(&self, path: &str) -> Option<String> {
        let value = self.value(&FieldPath::new(path).ok()?)?;
        value
            .as_text()
            .map(str::to_owned)
            .filter(|text| !text.is_empty())
    }

    /// The entry ids of a collection such as `members`, in id order.
    pub fn entries(&self, collection: &str) -> Vec<String> {
        match self.doc.get(ROOT, collection) {
            Ok(Some((Value::Object(ObjType::Map), id))) => self.doc.keys(&id).collect(),
            _ => Vec::new(),
        }
    }

    /// Every field that has a value, with fields of newer builds too, in path
    /// order. `kind` and `schema` are not fields.
    pub fn fields(&self) -> Vec<(FieldPath, FieldValue)> {
        let mut fields = Vec::new();
        self.visit_fields(&mut |path, object, key| {
            if let Ok(Some((value, id))) = self.doc.get(object, key)
                && let Some(value) = self.to_field_value(&value, &id)
            {
                fields.push((path, value));
            }
        });
        fields
    }

    /// Calls `visit` with the path, object and key of each field there is.
    pub(super) fn visit_fields(&self, visit: &mut dyn FnMut(FieldPath, &ObjId, &str)) {
        self.visit_object(&ROOT, &mut Vec::new(), visit);
    }

    fn visit_object(
        &self,
        object: &ObjId,
        prefix: &mut Vec<String>,
        visit: &mut dyn FnMut(FieldPath, &ObjId, &str),
    ) {
        let keys: Vec<String> = self.doc.keys(object).collect();
        for key in keys {
            if prefix.is_empty() && [genesis::KIND_KEY, genesis::SCHEMA_KEY].contains(&key.as_str())
            {
                continue;
            }
            if let Ok(Some((Value::Object(ObjType::Map), id))) = self.doc.get(object, key.as_str())
            {
                // Deeper nesting belongs to no field of any schema.
                if prefix.len() < 2 {
                    prefix.push(key);
                    self.visit_object(&id, prefix, visit);
                    prefix.pop();
                }
                continue;
            }
            let text = prefix.iter().map(String::as_str).chain([key.as_str()]);
            if let Ok(path) = FieldPath::new(text.collect::<Vec<_>>().join(".")) {
                visit(path, object, &key);
            }
        }
    }

    pub(super) fn to_field_value(&self, value: &Value<'_>, id: &ObjId) -> Option<FieldValue> {
        match value {
            Value::Scalar(scalar) => FieldValue::from_scalar(scalar),
            Value::Object(ObjType::Text) => {
                let text = self.doc.text(id).ok()?;
                (!text.is_empty()).then_some(FieldValue::Text(text))
            }
            Value::Object(_) => None,
        }
    }
}

impl RecordDocument {
    /// The latest time any change claims, to the second; 0 for a new record.
    pub fn edited_at(&self) -> crate::Timestamp {
        let latest = self
            .doc
            .get_changes_meta(&[])
            .iter()
            .map(|meta| meta.timestamp)
            .max()
            .unwrap_or(0);
        crate::Timestamp::from_millis(latest.saturating_mul(1000))
    }
}
