//! The mutations: which there are and how each is made.

use anyhow::Context as _;
use automerge::{
    Change, ObjType, ScalarValue,
    legacy::{Key, OpType as Action},
};
use rand::{RngExt as _, SeedableRng as _};
use rand_chacha::ChaCha8Rng;
use wangge_model::{
    ActorId, ChangeHash, DeviceId, FieldPath, FieldValue, GridId, Incarnation, RecordId,
    RecordKind, ServerEpoch,
    document::{FieldEdit, LocalChange, RecordDocument},
    protocol::{PushItem, SignedManifest, SyncRequest, Verdict, items_digest, seal, to_cbor},
};

use super::WORK_TIME;
use crate::{
    lab::target::{Device, Said, Target},
    workload::Workload,
};

macro_rules! fields {
    ($($(#[$doc:meta])* $name:ident = $text:literal, [$($code:literal),+];)*) => {
        /// What a mutation changes.
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub(super) enum Field {
            $($(#[$doc])* $name,)*
        }

        /// All of them.
        pub(super) const FIELDS: &[Field] = &[$(Field::$name,)*];

        impl Field {
            /// For people.
            pub(super) const fn name(self) -> &'static str {
                match self { $(Self::$name => $text,)* }
            }

            /// How the server may answer.
            const fn expected(self) -> &'static [&'static str] {
                match self { $(Self::$name => &[$($code),+],)* }
            }
        }
    };
}

fields! {
    /// Another record, that nobody has.
    Record = "wire: record", ["manifest_items_mismatch"];
    /// Another record, that the server has.
    KnownRecord = "wire: record known to the server", ["manifest_items_mismatch"];
    RecordEpoch = "wire: record epoch", ["manifest_items_mismatch"];
    Kind = "wire: kind", ["manifest_items_mismatch"];
    Grid = "wire: grid", ["manifest_items_mismatch"];
    Hash = "wire: hash", ["manifest_items_mismatch"];
    ItemMissing = "wire: an item left out", ["manifest_items_mismatch", "bad_request"];
    ItemTwice = "wire: an item twice", ["manifest_items_mismatch"];
    ItemOrder = "wire: order of items", ["manifest_items_mismatch"];
    /// A bit of every change, under its old hash.
    ChangeBit = "wire: bytes of the changes", ["hash_mismatch", "not_a_change"];
    /// Another good change under the hash.
    ChangeOther = "wire: another change under the hash", ["hash_mismatch"];
    ManifestBit = "wire: bytes of the manifest", ["manifest_signature_invalid"];
    ManifestDevice = "wire: device in the manifest", ["manifest_signature_invalid"];
    ManifestLife = "wire: incarnation in the manifest", ["manifest_signature_invalid"];
    ManifestEpoch = "wire: server epoch in the manifest", ["manifest_signature_invalid"];
    ManifestCounter = "wire: counter in the manifest", ["manifest_signature_invalid"];
    ManifestCount = "wire: number of items in the manifest", ["manifest_signature_invalid"];
    ManifestDigest = "wire: digest in the manifest", ["manifest_signature_invalid"];
    SignatureBit = "wire: signature", ["manifest_signature_invalid"];
    SignatureOther = "wire: another's signature", ["manifest_signature_invalid"];
    Replay = "wire: an older push again", ["manifest_replayed"];
    Token = "wire: session token", ["session_required"];
    OtherSession = "insider: the victim's push in one's own session", ["manifest_signature_invalid"];
    OwnManifest = "insider: the victim's changes under one's own manifest", ["other_actor"];
    OwnDevice = "insider: the victim's device in one's own manifest", ["manifest_device_mismatch"];
    OwnLife = "insider: the victim's app life in one's own manifest", ["other_actor"];
    OwnEpoch = "insider: another server life", ["server_epoch_changed"];
    OwnCounter = "insider: a used or impossible counter", ["manifest_replayed"];
    OwnCount = "insider: another number of items", ["manifest_items_mismatch"];
    OwnHash = "insider: a wrong hash, signed", ["hash_mismatch"];
    Actor = "insider: the victim as actor of one's own change", ["other_actor"];
    Time = "insider: another time in the victim's change", ["other_actor"];
    Content = "insider: other content in the victim's change", ["other_actor"];
    Seq = "insider: a sequence number out of turn", ["seq_gap", "actor_fork"];
    StartOp = "insider: operation numbers far ahead", ["op_numbers"];
    Deps = "insider: dependencies nobody has", ["missing_deps"];
    Authority = "insider: a field of the server", ["authority"];
    Structure = "insider: an object or a deletion", ["structure"];
    Value = "insider: a value no field takes", ["field"];
    OwnKind = "insider: another kind of a known record", ["structure"];
    OwnRecordEpoch = "insider: another record epoch", ["stale_record_epoch"];
    Scope = "insider: a known record of another grid", ["out_of_scope"];
    ScopeNew = "insider: a new record in another grid", ["out_of_scope"];
}

/// A mutation, ready to be sent.
#[derive(Debug)]
pub(super) struct Shot {
    /// What was changed.
    pub(super) field: Field,
    /// The push.
    pub(super) request: SyncRequest,
    /// In whose session.
    pub(super) token: String,
    /// Whose session that is.
    pub(super) device: DeviceId,
    /// How the server may answer.
    pub(super) expected: &'static [&'static str],
}

/// Everybody involved, and the push of the victim that is being mutated.
#[derive(Debug)]
pub(super) struct Armoury {
    victim: Device,
    colleague: Device,
    stranger: Device,
    workload: Workload,
    random: ChaCha8Rng,
    /// A household of the victim that the server has.
    known: Option<(RecordId, RecordDocument)>,
    /// The victim's last push, and the one before it. The last may come again:
    /// its answer may have been lost.
    answered: Option<SyncRequest>,
    older: Option<SyncRequest>,
    /// The victim's next push.
    genuine: Option<SyncRequest>,
    /// The new household in it.
    fresh: Option<(RecordId, RecordDocument)>,
}

impl Armoury {
    pub(super) fn new(
        victim: Device,
        colleague: Device,
        stranger: Device,
        workload: Workload,
        seed: u64,
    ) -> Self {
        Self {
            victim,
            colleague,
            stranger,
            workload,
            random: ChaCha8Rng::seed_from_u64(seed),
            known: None,
            answered: None,
            older: None,
            genuine: None,
            fresh: None,
        }
    }

    /// The victim's first pushes, so that there is something to replay and to
    /// build upon; the attackers push too, so that they have used a counter.
    pub(super) async fn settle(&mut self, target: &mut Target) -> anyhow::Result<()> {
        for _ in 0..2 {
            self.load()?;
            self.genuine(target).await?;
        }
        for attacker in [&mut self.colleague, &mut self.stranger] {
            let item = self
                .workload
                .next_authored(attacker.actor)?
                .push_item(attacker.grid);
            let request = attacker.honest(vec![item])?;
            let said = target.push(&attacker.token, seal(&request)).await?;
            anyhow::ensure!(count_accepted(&said) == 1, "an honest push: {said:?}");
        }
        Ok(())
    }

    /// Makes the victim's next push: a new household, a second change of it,
    /// and a change of the household before.
    pub(super) fn load(&mut self) -> anyhow::Result<()> {
        let grid = self.victim.grid;
        let actor = self.victim.actor;
        let id = RecordId::from_bytes(self.random.random());
        let mut document = RecordDocument::new(RecordKind::Household);
        let mut items = Vec::new();
        let first = edit(&mut document, &self.workload.household()?, actor)?;
        items.push(item(id, &document, grid, first));
        let second = self.edit_anew(&mut document, actor)?;
        items.push(item(id, &document, grid, second));
        if let Some((id, mut document)) = self.known.clone() {
            // In a copy: attackers build on what the server has.
            let third = self.edit_anew(&mut document, actor)?;
            items.push(item(id, &document, grid, third));
        }
        self.genuine = Some(self.victim.honest(items)?);
        self.fresh = Some((id, document));
        Ok(())
    }

    /// Sends the victim's push untouched; answers how many of how many changes
    /// were accepted.
    pub(super) async fn genuine(&mut self, target: &mut Target) -> anyhow::Result<(u64, u64)> {
        let request = self.genuine.take().context("no push is loaded")?;
        let count = request.items.len();
        let said = target.push(&self.victim.token, seal(&request)).await?;
        self.older = self.answered.replace(request);
        self.known = self.fresh.take();
        Ok((count_accepted(&said), count as u64))
    }

    /// Makes a mutation.
    pub(super) fn shot(&mut self, field: Field) -> anyhow::Result<Shot> {
        let genuine = self.genuine.clone().context("no push is loaded")?;
        let mut token = self.victim.token.clone();
        let mut device = self.victim.id;
        let request = match field {
            Field::Record
            | Field::KnownRecord
            | Field::RecordEpoch
            | Field::Kind
            | Field::Grid
            | Field::Hash
            | Field::ItemMissing
            | Field::ItemTwice
            | Field::ItemOrder
            | Field::ChangeBit
            | Field::ChangeOther => self.mutate_items(field, genuine)?,
            Field::ManifestBit
            | Field::ManifestDevice
            | Field::ManifestLife
            | Field::ManifestEpoch
            | Field::ManifestCounter
            | Field::ManifestCount
            | Field::ManifestDigest
            | Field::SignatureBit
            | Field::SignatureOther => self.mutate_manifest(field, genuine)?,
            Field::Replay => self.older.clone().context("nothing to replay")?,
            Field::Token => {
                let mut letters = token.into_bytes();
                let place = self.random.random_range(0..letters.len());
                if let Some(letter) = letters.get_mut(place) {
                    *letter = if *letter == b'A' { b'B' } else { b'A' };
                }
                token = String::from_utf8(letters)?;
                genuine
            }
            Field::OtherSession => {
                token.clone_from(&self.colleague.token);
                device = self.colleague.id;
                genuine
            }
            _ => {
                let attacker = if matches!(field, Field::Scope | Field::ScopeNew) {
                    &self.stranger
                } else {
                    &self.colleague
                };
                token.clone_from(&attacker.token);
                device = attacker.id;
                self.by_insider(field, genuine)?
            }
        };
        Ok(Shot {
            field,
            request,
            token,
            device,
            expected: field.expected(),
        })
    }

    fn mutate_items(
        &mut self,
        field: Field,
        mut request: SyncRequest,
    ) -> anyhow::Result<SyncRequest> {
        let known = self.known.as_ref().context("nothing known")?.0;
        let items = &mut request.items;
        let place = self.random.random_range(0..items.len());
        match field {
            Field::ItemMissing => drop(items.remove(place)),
            Field::ItemTwice => items.push(items.get(place).context("no item")?.clone()),
            Field::ItemOrder => {
                let others = items.len() - 1;
                items.rotate_left(1 + place % others);
            }
            Field::ChangeBit => {
                for item in items.iter_mut() {
                    self.flip(&mut item.change);
                }
            }
            Field::ChangeOther => {
                let mut changes: Vec<Vec<u8>> =
                    items.iter().map(|item| item.change.clone()).collect();
                changes.rotate_left(1);
                for (item, change) in items.iter_mut().zip(changes) {
                    item.change = change;
                }
            }
            _ => {
                let there = self.stranger.grid;
                let item = items.get_mut(place).context("no item")?;
                match field {
                    Field::Record => item.record = RecordId::from_bytes(self.random.random()),
                    // The third item is the known record's own.
                    Field::KnownRecord if item.record == known => {
                        item.record = self.fresh.as_ref().context("no push is loaded")?.0;
                    }
                    Field::KnownRecord => item.record = known,
                    Field::RecordEpoch => {
                        item.record_epoch = self.random.random_range(1..=u32::MAX);
                    }
                    Field::Kind => item.kind = self.other_kind(),
                    Field::Grid => item.grid = there,
                    _ => item.hash = self.other_hash(&item.hash.clone()),
                }
            }
        }
        Ok(request)
    }

    fn mutate_manifest(
        &mut self,
        field: Field,
        mut request: SyncRequest,
    ) -> anyhow::Result<SyncRequest> {
        let signed = request.manifest.as_mut().context("no manifest")?;
        let mut manifest = signed.decode()?;
        match field {
            Field::ManifestBit => {
                self.flip(&mut signed.manifest);
                return Ok(request);
            }
            Field::SignatureBit => {
                self.flip(&mut signed.signature.bytes);
                return Ok(request);
            }
            Field::SignatureOther => {
                *signed = SignedManifest::sign(&manifest, &self.colleague.key)?;
                return Ok(request);
            }
            Field::ManifestDevice => manifest.device = self.colleague.id,
            Field::ManifestLife => {
                manifest.incarnation = Incarnation::from_bytes(self.random.random());
            }
            Field::ManifestEpoch => {
                manifest.server_epoch = ServerEpoch::from_bytes(self.random.random());
            }
            Field::ManifestCounter => {
                manifest.counter = manifest
                    .counter
                    .wrapping_add(self.random.random_range(1..=9));
            }
            Field::ManifestCount => {
                request.items.pop();
                manifest.count -= 1;
                manifest.items_digest = items_digest(&request.items).to_vec();
            }
            _ => {
                // The digest of other items, which come along.
                for item in &mut request.items {
                    item.grid = self.stranger.grid;
                }
                manifest.items_digest = items_digest(&request.items).to_vec();
            }
        }
        signed.manifest = to_cbor(&manifest);
        Ok(request)
    }

    /// A push an attacker signs with a key of their own.
    fn by_insider(&mut self, field: Field, genuine: SyncRequest) -> anyhow::Result<SyncRequest> {
        let items = match field {
            Field::OwnManifest | Field::OwnDevice | Field::OwnLife => genuine.items,
            Field::Time | Field::Content => {
                let item = genuine.items.first().context("no item")?.clone();
                let number: i64 = self.random.random_range(1..1_000_000);
                vec![rewrite(item, |change| {
                    if field == Field::Time {
                        change.time += number;
                    } else {
                        put_everywhere(change, &ScalarValue::Str(format!("改{number}").into()));
                    }
                })?]
            }
            _ => vec![self.own_item(field)?],
        };
        let attacker = if matches!(field, Field::Scope | Field::ScopeNew) {
            &mut self.stranger
        } else {
            &mut self.colleague
        };
        let mut manifest = attacker.manifest(&items);
        match field {
            Field::OwnDevice => manifest.device = self.victim.id,
            Field::OwnLife => manifest.incarnation = self.victim.incarnation,
            Field::OwnEpoch => {
                manifest.server_epoch = ServerEpoch::from_bytes(self.random.random());
            }
            Field::OwnCounter => {
                manifest.counter = match self.random.random_range(0..3) {
                    0 => 0,
                    1 => 1,
                    _ => self.random.random_range(i64::MAX as u64 + 1..=u64::MAX),
                };
            }
            Field::OwnCount => manifest.count += self.random.random_range(1..100),
            _ => {}
        }
        attacker.request(&manifest, items)
    }

    /// One change by the attacker's own actor, wrong in one respect.
    fn own_item(&mut self, field: Field) -> anyhow::Result<PushItem> {
        let colleague = self.colleague.actor;
        let (id, known) = self.known.clone().context("nothing known")?;
        let mut document = known.clone();
        let number: u64 = self.random.random_range(1..1_000_000);
        match field {
            Field::Authority => {
                let mut incident = RecordDocument::new(RecordKind::Incident);
                let path = FieldPath::new("case.number")?;
                let edits = [FieldEdit::set(
                    path,
                    FieldValue::text(format!("SJ{number}")),
                )];
                let change = incident
                    .edit_as_server(&edits, colleague, WORK_TIME)?
                    .context("nothing was written")?;
                let id = RecordId::from_bytes(self.random.random());
                Ok(item(id, &incident, self.colleague.grid, change))
            }
            Field::Scope | Field::ScopeNew => {
                let change = self.edit_anew(&mut document, self.stranger.actor)?;
                let (id, grid) = if field == Field::Scope {
                    // The server's own table says where a record belongs.
                    (id, self.stranger.grid)
                } else {
                    let id = RecordId::from_bytes(self.random.random());
                    (id, self.victim.grid)
                };
                Ok(item(id, &document, grid, change))
            }
            _ => {
                let actor = if field == Field::Actor {
                    self.victim.actor
                } else {
                    colleague
                };
                let change = self.edit_anew(&mut document, actor)?;
                let mut good = item(id, &document, self.colleague.grid, change);
                match field {
                    Field::OwnKind => good.kind = self.other_kind(),
                    Field::OwnRecordEpoch => good.record_epoch = self.random.random_range(1..100),
                    Field::OwnHash => good.hash = self.other_hash(&good.hash),
                    _ => {}
                }
                let hash = automerge::ChangeHash(self.random.random());
                rewrite(good, |change| match field {
                    Field::Seq => change.seq += number,
                    Field::StartOp => change.start_op = change.start_op.saturating_add(number),
                    Field::Deps => change.deps = vec![hash],
                    Field::Structure if number.is_multiple_of(2) => {
                        for op in &mut change.operations {
                            op.action = Action::Delete;
                        }
                    }
                    Field::Structure => {
                        for op in &mut change.operations {
                            op.action = Action::Make(ObjType::Map);
                        }
                    }
                    Field::Value => {
                        put_everywhere(change, &ScalarValue::Bytes(number.to_be_bytes().to_vec()));
                    }
                    _ => {}
                })
            }
        }
    }

    /// One edit that changes something: a number drawn may be the one that is
    /// there.
    fn edit_anew(
        &mut self,
        document: &mut RecordDocument,
        actor: ActorId,
    ) -> anyhow::Result<LocalChange> {
        loop {
            let value = self.workload.household_edit()?;
            if let Some(change) = document.edit(&[value], actor, WORK_TIME)? {
                return Ok(change);
            }
        }
    }

    fn flip(&mut self, bytes: &mut [u8]) {
        let place = self.random.random_range(0..bytes.len());
        if let Some(byte) = bytes.get_mut(place) {
            *byte ^= 1 << self.random.random_range(0..8);
        }
    }

    fn other_kind(&mut self) -> RecordKind {
        if self.random.random() {
            RecordKind::Visit
        } else {
            RecordKind::Incident
        }
    }

    fn other_hash(&mut self, hash: &ChangeHash) -> ChangeHash {
        let mut bytes = *hash.as_bytes();
        self.flip(&mut bytes);
        ChangeHash::from_bytes(bytes)
    }
}

/// An edit at work time.
fn edit(
    document: &mut RecordDocument,
    edits: &[FieldEdit],
    actor: ActorId,
) -> anyhow::Result<LocalChange> {
    document
        .edit(edits, actor, WORK_TIME)?
        .context("an edit that changes nothing")
}

fn item(
    record: RecordId,
    document: &RecordDocument,
    grid: GridId,
    change: LocalChange,
) -> PushItem {
    PushItem {
        record,
        record_epoch: 0,
        kind: document.kind(),
        grid,
        hash: change.hash,
        change: change.bytes,
    }
}

/// The change taken apart, altered, put together and hashed again. A wrong hash
/// stays as wrong as it was.
fn rewrite(
    mut item: PushItem,
    alter: impl FnOnce(&mut automerge::ExpandedChange),
) -> anyhow::Result<PushItem> {
    let change = Change::from_bytes(item.change.clone())?;
    let was_right = ChangeHash::from(change.hash()) == item.hash;
    let mut expanded = change.decode();
    alter(&mut expanded);
    let change = Change::from(expanded);
    item.change = change.raw_bytes().to_vec();
    if was_right {
        item.hash = ChangeHash::from(change.hash());
    }
    Ok(item)
}

/// The value in place of every value a change puts into a map.
fn put_everywhere(change: &mut automerge::ExpandedChange, value: &ScalarValue) {
    for op in &mut change.operations {
        if matches!((&op.key, &op.action), (Key::Map(_), Action::Put(_))) {
            op.action = Action::Put(value.clone());
        }
    }
}

fn count_accepted(said: &Said) -> u64 {
    match said {
        Said::Answered(verdicts) => verdicts
            .iter()
            .filter(|verdict| matches!(verdict, Verdict::Accepted { .. }))
            .count() as u64,
        _ => 0,
    }
}
