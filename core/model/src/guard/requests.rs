//! Requests in a device's change: an entry is filed whole, and once there
//! nobody changes it, because the server has answered it by then.

use std::collections::BTreeMap;

use automerge::{
    Change, ScalarValue,
    legacy::{Key, OpType as Action},
};

use super::{GuardError, contain};
use crate::{
    OrgNodeId, PersonId, RecordId, RecordKind,
    document::{FieldPath, RecordDocument, schema},
};

/// The field every request has.
const VERB: &str = "verb";
/// What the key of every field of a request begins with, in a change's bytes.
pub(super) const MARK: &[u8] = b"requests--";

/// What requests name.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Named {
    /// The requests themselves, by entry.
    pub entries: Vec<String>,
    /// Places, as units.
    pub units: Vec<OrgNodeId>,
    /// Incidents, to merge into.
    pub incidents: Vec<RecordId>,
    /// People.
    pub people: Vec<PersonId>,
}

/// What the requests of a change name.
pub(super) fn named(change: &Change) -> Named {
    let mut named = Named::default();
    let Ok(expanded) = contain(|| change.decode()) else {
        return named;
    };
    for op in &expanded.operations {
        let (Key::Map(key), Action::Put(ScalarValue::Str(text))) = (&op.key, &op.action) else {
            continue;
        };
        if !key.as_bytes().starts_with(MARK) {
            continue;
        }
        if let Some(path) =
            FieldPath::from_root_key(key).filter(|path| path.as_str().ends_with(VERB))
        {
            named.entries.extend(path.parts().nth(1).map(str::to_owned));
        }
        if key.ends_with("--unit") || key.ends_with("--units") {
            named.units.extend(
                text.split(',')
                    .filter_map(|id| id.parse::<OrgNodeId>().ok()),
            );
        } else if key.ends_with("--into") {
            named.incidents.extend(text.parse::<RecordId>().ok());
        } else if key.ends_with("--person") {
            named.people.extend(text.parse::<PersonId>().ok());
        }
    }
    named
}

/// The requests a change files, by entry, and whether each has its verb.
#[derive(Debug, Default)]
pub(super) struct FiledRequests(BTreeMap<String, bool>);

impl FiledRequests {
    /// Takes in one written field; an error if it is part of a request that
    /// `record` holds already.
    pub(super) fn take(
        &mut self,
        kind: RecordKind,
        path: &FieldPath,
        record: Option<&RecordDocument>,
    ) -> Result<(), GuardError> {
        let root = path.root();
        if !schema::is_request(kind, root) {
            return Ok(());
        }
        let refused = || GuardError::Request(path.pattern().into_owned());
        let mut parts = path.parts().skip(1);
        let (Some(entry), Some(field)) = (parts.next(), parts.next()) else {
            return Err(refused());
        };
        let key = format!("{root}.{entry}");
        if !self.0.contains_key(&key)
            && record.is_some_and(|record| record.entries(root).iter().any(|known| known == entry))
        {
            return Err(refused());
        }
        *self.0.entry(key).or_default() |= field == VERB;
        Ok(())
    }

    /// An error if a request lacks its verb.
    pub(super) fn finish(&self) -> Result<(), GuardError> {
        match self.0.iter().find(|(_, has_verb)| !**has_verb) {
            Some((entry, _)) => Err(GuardError::Request(
                entry.split('.').next().unwrap_or_default().to_owned() + ".*." + VERB,
            )),
            None => Ok(()),
        }
    }
}
