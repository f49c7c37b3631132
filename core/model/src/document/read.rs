//! Reading fields: one by one with [`RecordDocument::text`], or all at once
//! with [`RecordDocument::read`], which costs one walk however many there are.

use std::{collections::BTreeMap, ops::Bound};

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

    /// The entry ids of a collection such as `members`, in id order. One of which
    /// every field was cleared is none.
    pub fn entries(&self, collection: &str) -> Vec<&str> {
        let mut entries: Vec<&str> = Vec::new();
        let start = format!("{collection}.");
        let from = (Bound::Included(start.as_str()), Bound::Unbounded);
        for (path, field) in self.0.range::<str, _>(from) {
            let Some(below) = path.strip_prefix(&start) else {
                break;
            };
            if field.value.is_some()
                && let Some((entry, _)) = below.split_once('.')
                && entries.last() != Some(&entry)
            {
                entries.push(entry);
            }
        }
        entries
    }

    /// The fields below a container or an entry, e.g. `contact` or `members.a`.
    pub(crate) fn below(&self, container: &str) -> Below<'_> {
        let path = format!("{container}.");
        Below {
            fields: self,
            start: path.len(),
            path,
        }
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

/// Fields by their names below one container: reading a household asks for a
/// hundred, and each path made anew would cost more than finding it.
#[derive(Debug)]
pub(crate) struct Below<'a> {
    fields: &'a Fields,
    /// The container with its point, and a name that was asked for.
    path: String,
    start: usize,
}

impl<'a> Below<'a> {
    fn path(&mut self, name: &str) -> (&'a Fields, &str) {
        self.path.truncate(self.start);
        self.path.push_str(name);
        (self.fields, &self.path)
    }

    /// As [`Fields::text`].
    pub(crate) fn text(&mut self, name: &str) -> String {
        let (fields, path) = self.path(name);
        fields.text(path)
    }

    /// As [`Fields::number`].
    pub(crate) fn number(&mut self, name: &str) -> Option<f64> {
        let (fields, path) = self.path(name);
        fields.number(path)
    }

    /// As [`Fields::integer`].
    pub(crate) fn integer(&mut self, name: &str) -> Option<i64> {
        let (fields, path) = self.path(name);
        fields.integer(path)
    }

    /// As [`Fields::flag`].
    pub(crate) fn flag(&mut self, name: &str) -> Option<bool> {
        let (fields, path) = self.path(name);
        fields.flag(path)
    }
}

/// Every entry of a collection, by its id.
pub(crate) fn read_each<T>(
    fields: &Fields,
    collection: &str,
    read: impl Fn(Below<'_>) -> T,
) -> BTreeMap<String, T> {
    let entries = fields.entries(collection).into_iter();
    entries
        .map(|id| {
            (
                id.to_owned(),
                read(fields.below(&format!("{collection}.{id}"))),
            )
        })
        .collect()
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

    /// The fields as they were at these heads; `None` if the record does not
    /// hold them.
    pub fn read_at(&self, heads: &[ChangeHash]) -> Option<Fields> {
        let heads: Vec<automerge::ChangeHash> = heads.iter().map(|head| (*head).into()).collect();
        let past = self.doc.fork_at(&heads).ok()?;
        Some(Self::of(self.kind, past).read())
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

    /// The entry ids of a collection such as `members`, in id order. One of which
    /// every field was cleared is none.
    pub fn entries(&self, collection: &str) -> Vec<String> {
        let has_value = |item: &MapRangeItem<'_>| match &item.value {
            ValueRef::Scalar(scalar) => FieldValue::from_scalar(&scalar.into()).is_some(),
            ValueRef::Object(_) => true,
        };
        let keys: Vec<String> = match self.doc.get(ROOT, collection) {
            Ok(Some((Value::Object(ObjType::Map), id))) => self
                .doc
                .map_range(&id, ..)
                .filter(has_value)
                .map(|item| item.key.to_string())
                .collect(),
            _ => self
                .doc
                .map_range(ROOT, ..)
                .filter(has_value)
                .filter_map(|item| {
                    let path = self.root_path(&item.key)?;
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
