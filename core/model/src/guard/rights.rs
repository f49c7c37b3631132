//! What a change writes, operation by operation, against the schema and the
//! writer's rights. Looks at operations and not at the outcome, because a
//! write that loses against a concurrent one is stored and shown all the same.

use std::{collections::HashMap, sync::OnceLock};

use automerge::{
    Change, ObjId, ObjType, ROOT, ReadDoc, ScalarValue, ValueRef,
    legacy::{Key, ObjectId, Op, OpId, OpType as Action},
};

use super::{GuardError, Writer, contain, requests::FiledRequests};
use crate::{
    RecordKind,
    document::{
        FieldPath, FieldValue, RecordDocument, genesis,
        schema::{self, FieldError},
    },
    fault_point,
    kind::PerKind,
};

/// Longest text of a field only a newer build knows, in characters.
const UNKNOWN_TEXT: usize = 10_000;

/// Where in a record an operation writes.
#[derive(Debug, Clone)]
pub(super) enum Place {
    Root,
    Container(String),
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
    let mut texts = Vec::new();
    let mut requests = FiledRequests::default();
    for op in &expanded.operations {
        match find_place(record.kind(), op)? {
            Place::Text(path) => {
                check_text_op(op)?;
                if !texts.contains(path) {
                    texts.push(path.clone());
                }
            }
            place => {
                let path = check_map_op(record.kind(), place, op, writer)?;
                if writer != Writer::Feed {
                    requests.take(record.kind(), &path, Some(record))?;
                }
            }
        }
    }
    requests.finish()?;
    Ok(texts)
}

/// Where the operation writes.
pub(super) fn find_place(kind: RecordKind, op: &Op) -> Result<&'static Place, GuardError> {
    match &op.obj {
        ObjectId::Root => Ok(&Place::Root),
        ObjectId::Id(id) => places(kind)
            .get(id)
            .ok_or(GuardError::Structure("an unknown object")),
    }
}

/// Every object a record has, by the operation that made it: the containers of
/// its genesis, because the guard lets nobody make another.
fn places(kind: RecordKind) -> &'static HashMap<OpId, Place> {
    static PLACES: OnceLock<PerKind<HashMap<OpId, Place>>> = OnceLock::new();
    PLACES.get_or_init(|| PerKind::new(list_places)).get(kind)
}

fn list_places(kind: RecordKind) -> HashMap<OpId, Place> {
    let mut places = HashMap::new();
    for item in genesis::genesis_document(kind).map_range(ROOT, ..) {
        let name = item.key.to_string();
        let place = match item.value {
            ValueRef::Object(ObjType::Map) => Place::Container(name),
            ValueRef::Object(ObjType::Text) => match FieldPath::new(name) {
                Ok(path) => Place::Text(path),
                Err(_) => continue,
            },
            _ => continue,
        };
        if let ObjId::Id(counter, actor, _) = item.id() {
            places.insert(OpId::new(counter, &actor), place);
        }
    }
    places
}

/// Shared texts take inserted and removed characters, nothing else.
pub(super) fn check_text_op(op: &Op) -> Result<(), GuardError> {
    match &op.action {
        Action::Put(ScalarValue::Str(_)) if op.insert => Ok(()),
        Action::Delete if !op.insert => Ok(()),
        _ => Err(GuardError::Structure("something other than text in a text")),
    }
}

/// Checks one write to the root or a container; answers the field it writes.
pub(super) fn check_map_op(
    kind: RecordKind,
    place: &Place,
    op: &Op,
    writer: Writer,
) -> Result<FieldPath, GuardError> {
    let Key::Map(key) = &op.key else {
        return Err(GuardError::Structure("a list operation on a map"));
    };
    let path = match place {
        Place::Root => FieldPath::from_root_key(key),
        Place::Container(name) => FieldPath::new([name.as_str(), ".", key.as_str()].concat()).ok(),
        Place::Text(_) => return Err(GuardError::Structure("a map operation on a text")),
    };
    let path = path.ok_or(GuardError::Structure("a malformed field name"))?;
    check_owner(kind, &path, writer)?;
    match &op.action {
        Action::Put(_) if matches!(place, Place::Root) && is_reserved(kind, &path) => {
            Err(GuardError::Structure("a value in place of a container"))
        }
        Action::Put(scalar) => {
            check_value(kind, &path, scalar)?;
            Ok(path)
        }
        // Only the genesis makes objects: two made apart would hide each other.
        Action::Make(_) => Err(GuardError::Structure("a new object")),
        // Clearing writes null; deleting would hide a concurrent edit.
        Action::Delete => Err(GuardError::Structure("a deleted field")),
        Action::Increment(_) | Action::MarkBegin(_) | Action::MarkEnd(_) => {
            Err(GuardError::Structure("an operation no field has"))
        }
    }
}

fn check_owner(kind: RecordKind, path: &FieldPath, writer: Writer) -> Result<(), GuardError> {
    if writer != Writer::Feed
        && schema::is_server_owned(kind, path.root())
        && !fault_point::is_planted("guard.lets_devices_write_for_the_server")
    {
        return Err(GuardError::Authority(path.pattern().into_owned()));
    }
    Ok(())
}

/// Whether a path in the root takes the place of a container, of a shared text
/// or of what says which record it is, or would pass for a field of one.
fn is_reserved(kind: RecordKind, path: &FieldPath) -> bool {
    let root = path.root();
    crate::document::is_root_reserved(root)
        || schema::containers(kind).contains(&root)
        || schema::texts(kind).contains(&root)
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
            // What equals nothing, itself included, no copy can compare.
            FieldValue::Number(number) if !number.is_finite() => {
                Err(refuse(FieldError::NotANumber))
            }
            _ => Ok(()),
        },
    }
}
