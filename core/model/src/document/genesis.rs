//! The first change of every record: it creates the containers, with a fixed
//! actor and time, so that it is the same bytes on every phone.
//!
//! Without it two phones that each create `members` would create two objects
//! under one name, and one phone's members would be hidden.

use std::sync::OnceLock;

use automerge::{Automerge, Change, SaveOptions};

use super::ActorId;
use crate::{ChangeHash, RecordKind, kind::PerKind};

/// Root key that says what kind of record a document is; not `kind`, which is a
/// field of visits.
pub(crate) const KIND_KEY: &str = "record";
/// Root key that says which layout the document started with.
pub(crate) const SCHEMA_KEY: &str = "schema";

/// The actor of genesis changes: sixteen zero bytes, which no derived actor is.
pub const fn genesis_actor() -> ActorId {
    ActorId::from_bytes([0; 16])
}

/// The released genesis bytes of each kind. They are files and not computed at
/// run time, so that a newer Automerge that encodes differently cannot make
/// phones of two app versions disagree.
const fn genesis_bytes(kind: RecordKind) -> &'static [u8] {
    match kind {
        RecordKind::Household => include_bytes!("genesis/household.v1.bin"),
        RecordKind::Visit => include_bytes!("genesis/visit.v1.bin"),
        RecordKind::Incident => include_bytes!("genesis/incident.v1.bin"),
        RecordKind::Place => include_bytes!("genesis/place.v1.bin"),
    }
}

/// A document that holds the genesis change of a kind and nothing else; built
/// once, because applying the change costs six times as much as cloning it.
pub(crate) fn genesis_document(kind: RecordKind) -> &'static Automerge {
    static DOCUMENTS: OnceLock<PerKind<Automerge>> = OnceLock::new();
    DOCUMENTS
        .get_or_init(|| PerKind::new(build_document))
        .get(kind)
}

/// What a change needs to know of the genesis it builds on.
#[derive(Debug)]
pub(crate) struct Genesis {
    /// Its hash.
    pub(crate) hash: ChangeHash,
    /// Its last operation's number.
    pub(crate) max_op: u64,
    /// A document that holds it alone, saved.
    pub(crate) saved: Vec<u8>,
}

/// The genesis of a kind, in short; `None` never, see the tests.
pub(crate) fn genesis(kind: RecordKind) -> Option<&'static Genesis> {
    static ALL: OnceLock<PerKind<Option<Genesis>>> = OnceLock::new();
    ALL.get_or_init(|| PerKind::new(describe))
        .get(kind)
        .as_ref()
}

fn describe(kind: RecordKind) -> Option<Genesis> {
    let doc = genesis_document(kind);
    let metas = doc.get_changes_meta(&[]);
    let meta = metas.first()?;
    Some(Genesis {
        hash: meta.hash.into(),
        max_op: meta.max_op,
        saved: doc.save_with_options(SaveOptions {
            deflate: false,
            retain_orphans: false,
        }),
    })
}

#[expect(
    clippy::expect_used,
    reason = "the bytes are part of this crate and a test applies them"
)]
fn build_document(kind: RecordKind) -> Automerge {
    let change = Change::from_bytes(genesis_bytes(kind).to_vec()).expect("released genesis bytes");
    let mut doc = Automerge::new();
    doc.apply_changes([change])
        .expect("released genesis change");
    doc
}

#[cfg(test)]
mod tests {
    use automerge::{
        ObjType, ROOT,
        transaction::{CommitOptions, Transactable},
    };

    use super::*;
    use crate::document::schema;

    /// Builds the genesis change of a kind anew.
    fn build_genesis(kind: RecordKind) -> Option<Vec<u8>> {
        let mut doc = Automerge::new().with_actor(genesis_actor().to_automerge());
        let mut transaction = doc.transaction();
        transaction.put(ROOT, KIND_KEY, kind.as_str()).ok()?;
        transaction.put(ROOT, SCHEMA_KEY, schema::SCHEMA).ok()?;
        for name in schema::containers(kind) {
            transaction.put_object(ROOT, *name, ObjType::Map).ok()?;
        }
        for name in schema::texts(kind) {
            transaction.put_object(ROOT, *name, ObjType::Text).ok()?;
        }
        transaction.commit_with(CommitOptions::default().with_time(0));
        doc.get_last_local_change()
            .map(|change| change.raw_bytes().to_vec())
    }

    #[test]
    fn every_kind_has_a_genesis_of_one_change() {
        for kind in RecordKind::ALL {
            let genesis = genesis(kind).unwrap();
            let heads = genesis_document(kind).get_heads();
            assert_eq!(heads, [automerge::ChangeHash(*genesis.hash.as_bytes())]);
            assert!(genesis.max_op > 0);
        }
    }

    /// To release the genesis of a new kind, put an empty file in its place and
    /// run this test with `WANGGE_RELEASE_GENESIS=1`. Released bytes never change:
    /// a new collection of an old kind lies in the root, see docs/adr/0019.
    #[test]
    fn released_genesis_bytes_are_what_the_schema_asks_for() {
        for kind in RecordKind::ALL {
            let built = build_genesis(kind).unwrap();
            if std::env::var_os("WANGGE_RELEASE_GENESIS").is_some() {
                let path = format!(
                    "{}/src/document/genesis/{kind}.v1.bin",
                    env!("CARGO_MANIFEST_DIR")
                );
                std::fs::write(path, &built).unwrap();
            }
            let releasing = std::env::var_os("WANGGE_RELEASE_GENESIS").is_some();
            assert!(releasing || genesis_bytes(kind) == built, "{kind}");
        }
    }
}
