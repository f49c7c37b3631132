//! What a change writes, operation by operation, against the schema and the
//! writer's rights. Looks at operations and not at the outcome, because a
//! write that loses against a concurrent one is stored and shown all the same.

use std::collections::HashMap;

use automerge::{
    Automerge, Change, ObjId, ObjType, ROOT, ReadDoc, ScalarValue, ValueRef,
    legacy::{Key, ObjectId, Op, OpId, OpType as Action},
};

use super::{GuardError, Writer, contain};
use crate::{
    RecordKind,
    document::{
        FieldPath, FieldValue, RecordDocument,
        schema::{self, FieldError},
    },
};

/// Longest text of a field only a newer build knows, in characters.
const UNKNOWN_TEXT: usize = 10_000;

/// Where in a record an operation writes.
#[derive(Debug, Clone)]
enum Place {
    Root,
    Container(String),
    Entry(String, String),
    Text(FieldPath),
}

/// Checks every operation; answers the shared texts the change touches, whose
/// outcome must be checked once it is applied.
pub(super) fn check(
    record: &RecordDocument,
    change: &Change,
    writer: Writer,
) -> Result<Vec<FieldPath>, GuardError> {
    let expanded = contain(|| change.decode()).map_err(GuardError::Malformed)?;
    let mut places = known_places(&record.doc);
    let mut texts = Vec::new();
    let start = change.start_op().get();
    for (number, op) in (start..).zip(&expanded.operations) {
        let place = match &op.obj {
            ObjectId::Root => Place::Root,
            ObjectId::Id(id) => places
                .get(id)
                .cloned()
                .ok_or(GuardError::Structure("an unknown object"))?,
        };
        match place {
            Place::Text(path) => {
                check_text_op(op)?;
                if !texts.contains(&path) {
                    texts.push(path);
                }
            }
            place => {
                if let Some(entry) = check_map_op(record.kind(), &place, op, writer)? {
                    places.insert(OpId::new(number, change.actor_id()), entry);
                }
            }
        }
    }
    Ok(texts)
}

/// Every object the record has, by the operation that made it. Concurrently
/// made containers cannot exist: the guard lets nobody make one.
fn known_places(doc: &Automerge) -> HashMap<OpId, Place> {
    let mut places = HashMap::new();
    for item in doc.map_range(ROOT, ..) {
        let name = item.key.to_string();
        match item.value {
            ValueRef::Object(ObjType::Map) => {
                let container = item.id();
                for entry in doc.map_range(&container, ..) {
                    if matches!(entry.value, ValueRef::Object(ObjType::Map)) {
                        let place = Place::Entry(name.clone(), entry.key.to_string());
                        insert(&mut places, &entry.id(), place);
                    }
                }
                insert(&mut places, &container, Place::Container(name));
            }
            ValueRef::Object(ObjType::Text) => {
                if let Ok(path) = FieldPath::new(name) {
                    insert(&mut places, &item.id(), Place::Text(path));
                }
            }
            _ => {}
        }
    }
    places
}

fn insert(places: &mut HashMap<OpId, Place>, id: &ObjId, place: Place) {
    if let ObjId::Id(counter, actor, _) = id {
        places.insert(OpId::new(*counter, actor), place);
    }
}

/// Shared texts take inserted and removed characters, nothing else.
fn check_text_op(op: &Op) -> Result<(), GuardError> {
    match &op.action {
        Action::Put(ScalarValue::Str(_)) if op.insert => Ok(()),
        Action::Delete if !op.insert => Ok(()),
        _ => Err(GuardError::Structure("something other than text in a text")),
    }
}

/// Checks one write to a map; answers the new entry if it makes one.
fn check_map_op(
    kind: RecordKind,
    place: &Place,
    op: &Op,
    writer: Writer,
) -> Result<Option<Place>, GuardError> {
    let Key::Map(key) = &op.key else {
        return Err(GuardError::Structure("a list operation on a map"));
    };
    let text = match place {
        Place::Root => key.to_string(),
        Place::Container(name) => format!("{name}.{key}"),
        Place::Entry(collection, entry) => format!("{collection}.{entry}.{key}"),
        Place::Text(_) => return Err(GuardError::Structure("a map operation on a text")),
    };
    let path = FieldPath::new(text).map_err(|_| GuardError::Structure("a malformed field name"))?;
    check_owner(kind, &path, writer)?;
    let is_collection =
        matches!(place, Place::Container(name) if schema::is_collection(kind, name));
    match &op.action {
        Action::Make(ObjType::Map) if is_collection => match place {
            Place::Container(name) => Ok(Some(Place::Entry(name.clone(), key.to_string()))),
            _ => Err(GuardError::Structure("an entry outside a collection")),
        },
        Action::Put(_) if is_collection => {
            Err(GuardError::Structure("a value in place of an entry"))
        }
        Action::Put(_) if matches!(place, Place::Root) && is_reserved(kind, key) => {
            Err(GuardError::Structure("a value in place of a container"))
        }
        Action::Put(scalar) => check_value(kind, &path, scalar).map(|()| None),
        Action::Make(_) => Err(GuardError::Structure("an object no field has")),
        // Clearing writes null; deleting would hide a concurrent edit.
        Action::Delete => Err(GuardError::Structure("a deleted field")),
        Action::Increment(_) | Action::MarkBegin(_) | Action::MarkEnd(_) => {
            Err(GuardError::Structure("an operation no field has"))
        }
    }
}

fn check_owner(kind: RecordKind, path: &FieldPath, writer: Writer) -> Result<(), GuardError> {
    if writer != Writer::Feed && schema::is_server_owned(kind, path.root()) {
        return Err(GuardError::Authority(path.pattern().into_owned()));
    }
    Ok(())
}

fn is_reserved(kind: RecordKind, key: &str) -> bool {
    crate::document::is_root_reserved(key)
        || schema::containers(kind).contains(&key)
        || schema::texts(kind).contains(&key)
}

fn check_value(kind: RecordKind, path: &FieldPath, scalar: &ScalarValue) -> Result<(), GuardError> {
    let refuse = |reason| GuardError::Field {
        path: path.pattern().into_owned(),
        reason,
    };
    if matches!(scalar, ScalarValue::Null) {
        return Ok(());
    }
    let value = FieldValue::from_scalar(scalar).ok_or_else(|| refuse(FieldError::WrongType))?;
    match schema::find_field(kind, path) {
        Some(spec) => spec.check(&value).map_err(refuse),
        // A newer build's field: kept, within bounds that hurt nobody.
        None => match &value {
            FieldValue::Text(text) if text.chars().count() > UNKNOWN_TEXT => {
                Err(refuse(FieldError::TooLong { max: UNKNOWN_TEXT }))
            }
            _ => Ok(()),
        },
    }
}
