//! Small things that are large inside: the bombs that were measured against
//! Automerge and zstd before there was a guard.

use anyhow::Context as _;
use automerge::{
    ActorId as AutomergeActor, Automerge, Change, ObjType, ROOT, ScalarValue,
    transaction::Transactable as _,
};
use wangge_model::{
    ActorId, ChangeHash, FieldPath, FieldValue, GridId, RecordId, RecordKind, Timestamp,
    document::{FieldEdit, RecordDocument},
    protocol::PushItem,
};

fn change_of(doc: &mut Automerge) -> anyhow::Result<Change> {
    doc.get_last_local_change()
        .context("no change in the document")
}

/// One change that makes a list of a million equal values.
pub fn million(actor: ActorId, value: &ScalarValue) -> anyhow::Result<Change> {
    let mut doc = Automerge::new().with_actor(AutomergeActor::from(*actor.as_bytes()));
    let mut transaction = doc.transaction();
    let list = transaction.put_object(ROOT, "list", ObjType::List)?;
    transaction.splice(&list, 0, 0, (0..1_000_000).map(|_| value.clone()))?;
    transaction.commit();
    change_of(&mut doc)
}

/// One compressed change that holds this many MiB of one letter.
pub fn swelling(actor: ActorId, mebibytes: usize) -> anyhow::Result<Vec<u8>> {
    let mut doc = Automerge::new().with_actor(AutomergeActor::from(*actor.as_bytes()));
    let mut transaction = doc.transaction();
    transaction.put(ROOT, "diary", "a".repeat(mebibytes << 20))?;
    transaction.commit();
    Ok(change_of(&mut doc)?.bytes().to_vec())
}

/// Changes of one record, each of which builds on the one before; the first
/// one's parent is not among them. Answers that parent's hash too.
pub fn orphans(
    actor: ActorId,
    record: RecordId,
    grid: GridId,
    children: usize,
) -> anyhow::Result<(ChangeHash, Vec<PushItem>)> {
    let mut document = RecordDocument::new(RecordKind::Visit);
    let path = FieldPath::new("person_met")?;
    let mut items = Vec::with_capacity(children + 1);
    for number in 0..=children {
        let edit = FieldEdit::set(path.clone(), FieldValue::text(number.to_string()));
        let change = document
            .edit(&[edit], actor, Timestamp::from_millis(0))?
            .context("an edit that changes nothing")?;
        items.push(PushItem {
            record,
            record_epoch: 0,
            kind: RecordKind::Visit,
            grid,
            hash: change.hash,
            change: change.bytes,
        });
    }
    Ok((items.remove(0).hash, items))
}

/// A zstd frame that inflates to `blocks` times 128 KiB of zeros, 4 bytes each
/// (RFC 8878, section 3.1.1.2).
pub fn zeros(blocks: usize) -> Vec<u8> {
    let mut frame = vec![0x28, 0xb5, 0x2f, 0xfd, 0x00, 0x38];
    for block in 1..=blocks {
        let header: u32 = (131_072 << 3) | (1 << 1) | u32::from(block == blocks);
        frame.extend(header.to_le_bytes().into_iter().take(3));
        frame.push(0);
    }
    frame
}
