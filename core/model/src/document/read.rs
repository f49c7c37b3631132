//! Reading fields: one by one with [`RecordDocument::text`], or all at once
//! with [`RecordDocument::read`], which costs one walk however many there are.

use std::collections::BTreeMap;

use automerge::{ObjId, ObjType, ROOT, ReadDoc, Value, ValueRef, iter::MapRangeItem};

use super::{ActorId, FieldPath, FieldValue, RecordDocument, edit::locate, is_root_reserved};
use crate::{ChangeHash, Timestamp};

/// Every field of a record at one moment, by path.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Fields(BTreeMap<String, Field>);

/// One field: what it shows, and whether there are other current values than that.
#[derive(Debug, Clone, PartialEq)]
struct Field {
    value: Option<FieldValue>,
    conflict: bool,
}

impl Fields {
    /// Enters a field that one change alone writes; `false` if it is there
    /// already.
    pub(crate) fn enter(&mut self, path: &FieldPath, value: Option<FieldValue>) -> bool {
        let field = Field {
            value,
            conflict: false,
        };
        self.0.insert(path.to_string(), field).is_none()
    }

    /// Enters a value over what is there, as a form that is being filled in
    /// does.
    pub fn set(&mut self, path: FieldPath, value: Option<FieldValue>) {
        let field = Field {
            value,
            conflict: false,
        };
        self.0.insert(path.into(), field);
    }

    /// The value of a field, if it has one.
    pub fn value(&self, path: &str) -> Option<&FieldValue> {
        self.0.get(path)?.value.as_ref()
    }

    /// The text of a field; empty if it has none.
    pub fn text(&self, path: &str) -> String {
        self.value(path)
            .and_then(FieldValue::as_text)
            .unwrap_or_default()
            .to_owned()
    }

    /// The moment in a field, if it has one.
    pub fn time(&self, path: &str) -> Option<Timestamp> {
        self.value(path).and_then(FieldValue::as_time)
    }

    /// The number in a field, if it has one.
    pub fn number(&self, path: &str) -> Option<f64> {
        self.value(path).and_then(FieldValue::as_number)
    }

    /// The whole number in a field, if it has one.
    pub fn integer(&self, path: &str) -> Option<i64> {
        match self.value(path)? {
            FieldValue::Integer(number) => Some(*number),
            _ => None,
        }
    }

    /// Yes or no in a field, if it says.
    pub fn flag(&self, path: &str) -> Option<bool> {
        self.value(path).and_then(FieldValue::as_flag)
    }

    /// The entry ids of a collection such as `members`, in id order.
    pub fn entries(&self, collection: &str) -> Vec<&str> {
        let mut entries: Vec<&str> = Vec::new();
        for path in self.0.keys() {
            let mut parts = path.split('.');
            if let (Some(root), Some(entry), Some(_)) = (parts.next(), parts.next(), parts.next())
                && root == collection
                && entries.last() != Some(&entry)
            {
                entries.push(entry);
            }
        }
        entries
    }

    /// The fields that have a value, in path order.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &FieldValue)> {
        self.0
            .iter()
            .filter_map(|(path, field)| Some((path.as_str(), field.value.as_ref()?)))
    }

    /// The paths that have more than one current value.
    pub fn conflicting(&self) -> impl Iterator<Item = &str> {
        self.0
            .iter()
            .filter(|(_, field)| field.conflict)
            .map(|(path, _)| path.as_str())
    }

    /// The position in `point`, if it is a valid one.
    pub fn point(&self) -> Option<crate::coordinate::Point> {
        crate::coordinate::Point::new(
            self.number("point.longitude")?,
            self.number("point.latitude")?,
            self.number("point.accuracy_m"),
        )
        .ok()
    }
}

impl RecordDocument {
    /// Reads every field, those of newer builds too. `kind` and `schema` are
    /// not fields.
    pub fn read(&self) -> Fields {
        let mut fields = BTreeMap::new();
        for item in self.doc.map_range(ROOT, ..) {
            match item.value {
                ValueRef::Object(ObjType::Map) => {
                    for child in self.doc.map_range(item.id(), ..) {
                        if let Ok(path) = FieldPath::new(format!("{}.{}", item.key, child.key)) {
                            self.insert(&mut fields, path, &item.id(), &child);
                        }
                    }
                }
                _ => {
                    if let Some(path) = self.root_path(&item.key) {
                        self.insert(&mut fields, path, &ROOT, &item);
                    }
                }
            }
        }
        Fields(fields)
    }

    fn insert(
        &self,
        fields: &mut BTreeMap<String, Field>,
        path: FieldPath,
        object: &ObjId,
        item: &MapRangeItem<'_>,
    ) {
        let value = match &item.value {
            ValueRef::Scalar(scalar) => FieldValue::from_scalar(&scalar.into()),
            ValueRef::Object(ObjType::Text) => match self.doc.text(item.id()) {
                Ok(text) => (!text.is_empty()).then_some(FieldValue::Text(text)),
                Err(_) => None,
            },
            // Nothing nests deeper: the guard lets nobody make an object.
            ValueRef::Object(_) => return,
        };
        fields.insert(
            path.into(),
            Field {
                value,
                conflict: item.conflict && self.differ(object, &item.key),
            },
        );
    }

    /// The field under a root key; `None` if it is none, or would pass for one
    /// of a container.
    fn root_path(&self, key: &str) -> Option<FieldPath> {
        let path = FieldPath::from_root_key(key)?;
        let root = path.root();
        let is_object =
            |name: &str| matches!(self.doc.get(ROOT, name), Ok(Some((Value::Object(_), _))));
        (!is_root_reserved(root) && (root == key || !is_object(root))).then_some(path)
    }

    /// The fields that have a value, in path order.
    pub fn fields(&self) -> Vec<(FieldPath, FieldValue)> {
        self.read()
            .iter()
            .filter_map(|(path, value)| Some((FieldPath::new(path).ok()?, value.clone())))
            .collect()
    }

    /// The value of one field; `None` if it was never set or was cleared. Of
    /// several concurrent values, the one every copy agrees to show.
    pub fn value(&self, path: &FieldPath) -> Option<FieldValue> {
        let (object, key) = locate(&self.doc, path)?;
        let (value, id) = self.doc.get(&object, key.as_str()).ok()??;
        self.to_field_value(&value, &id)
    }

    /// The text of one field, if it is one and not empty.
    pub fn text(&self, path: &str) -> Option<String> {
        let value = self.value(&FieldPath::new(path).ok()?)?;
        value
            .as_text()
            .map(str::to_owned)
            .filter(|text| !text.is_empty())
    }

    /// The entry ids of a collection such as `members`, in id order.
    pub fn entries(&self, collection: &str) -> Vec<String> {
        let keys: Vec<String> = match self.doc.get(ROOT, collection) {
            Ok(Some((Value::Object(ObjType::Map), id))) => self.doc.keys(&id).collect(),
            _ => self
                .doc
                .keys(ROOT)
                .filter_map(|key| {
                    let path = self.root_path(&key)?;
                    let below = path.as_str().strip_prefix(collection)?;
                    below.strip_prefix('.').map(str::to_owned)
                })
                .collect(),
        };
        let mut entries: Vec<String> = Vec::new();
        for key in keys {
            if let Some((entry, _)) = key.split_once('.')
                && entries.last().is_none_or(|last| last != entry)
            {
                entries.push(entry.to_owned());
            }
        }
        entries
    }

    /// Who wrote the value a field shows, and the number of that operation:
    /// of one actor a later one is larger, and so is whatever builds on it.
    pub fn written_by(&self, path: &FieldPath) -> Option<(u64, ActorId)> {
        let (object, key) = locate(&self.doc, path)?;
        match self.doc.get(&object, key.as_str()).ok()??.1 {
            ObjId::Id(number, actor, _) => Some((number, ActorId::from_slice(actor.to_bytes())?)),
            ObjId::Root => None,
        }
    }

    /// Every field as it was right after this change, `None` if it is not in
    /// the record.
    pub fn read_at(&self, change: &ChangeHash) -> Option<Fields> {
        let doc = self.doc.fork_at(&[(*change).into()]).ok()?;
        Some(Self::of(self.kind(), doc).read())
    }

    /// The latest time any change claims, to the second; 0 for a new record.
    pub fn edited_at(&self) -> Timestamp {
        Timestamp::from_millis(self.tally().edited_at.saturating_mul(1000))
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
