//! The phones that faults are tried on, prepared once: their files, and what an
//! action is to be given.

use anyhow::Context as _;
use wangge_core::{
    draft::Draft,
    store::Store,
    sync::{Push, SyncStore as _},
};
use wangge_model::{
    FieldPath, FieldValue, RecordId, RecordKind,
    document::FieldEdit,
    protocol::{Directive, FeedPage, Receipt, SignedManifest, SnapshotPage},
};

use crate::{
    lab::{
        disk::Files,
        disk_phone::{Office, REFUSED, START, Site},
    },
    workload::Workload,
};

/// Which of the prepared phones an action is tried on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Stage {
    /// New, nothing on the disk.
    New,
    /// Opened once, belongs to nobody.
    Unknown,
    /// At work: records, unsent edits, a conflict, a refusal, drafts.
    Working,
    /// The same, with a push under way.
    Pushing,
    /// The same, fetching its grid anew.
    Fetching,
}

/// A phone that was switched off.
#[derive(Debug, Clone, Default)]
pub(super) struct Shelved {
    pub(super) files: Files,
    pub(super) token: Option<Vec<u8>>,
}

/// Everything prepared.
#[derive(Debug)]
pub(super) struct Scene {
    unknown: Shelved,
    working: Shelved,
    pushing: Shelved,
    fetching: Shelved,
    pub(super) household: RecordId,
    pub(super) disputed: RecordId,
    pub(super) refused: RecordId,
    pub(super) draft: RecordId,
    pub(super) push: Push,
    pub(super) manifest: SignedManifest,
    pub(super) receipt: Receipt,
    pub(super) news: Vec<FeedPage>,
    pub(super) snapshot: SnapshotPage,
}

impl Scene {
    pub(super) fn stage(&self, stage: Stage) -> Shelved {
        match stage {
            Stage::New => Shelved::default(),
            Stage::Unknown => self.unknown.clone(),
            Stage::Working => self.working.clone(),
            Stage::Pushing => self.pushing.clone(),
            Stage::Fetching => self.fetching.clone(),
        }
    }

    pub(super) fn set(seed: u64) -> anyhow::Result<Self> {
        let mut site = Site::new()?;
        let mut office = Office::new(seed);
        let unknown = {
            let store = site.open_store(seed, &[])?;
            shelve(&mut site, store)
        };
        let store = site.open_store(seed, &[])?;
        Office::enrol(&store)?;
        office.enter(12)?;
        fetch(&office, &store)?;
        let mut forms = Workload::new(seed, START);
        let households = (0..6)
            .map(|number| enter_household(&store, &mut forms, number))
            .collect::<anyhow::Result<Vec<_>>>()?;
        let [household, .., refused] = households.as_slice() else {
            anyhow::bail!("no households");
        };
        let (household, refused) = (*household, *refused);
        exchange(&mut office, &store)?;
        edit(&store, refused, REFUSED)?;
        exchange(&mut office, &store)?;
        let disputed = office.household_ids();
        let disputed = *disputed.first().context("others entered no household")?;
        edit(&store, disputed, "本机补记")?;
        office.edit(disputed, &[text("notes", "同事补记")?])?;
        exchange(&mut office, &store)?;
        for round in 0..9 {
            edit(&store, household, &format!("第{round}次补记"))?;
        }
        let draft = save_draft(&store)?;
        let working = shelve(&mut site, store);

        let store = site.open_store(seed ^ 1, &[])?;
        let push = store.next_push(20, 1 << 20)?.context("nothing to push")?;
        let manifest = Office::sign(&push)?;
        store.store_manifest(&push, &manifest)?;
        office.enter(3)?;
        office.edit(disputed, &[text("contact.name", "李秀英")?])?;
        let receipt = office.receive(&push, &manifest);
        let news = office.page(&store, 50)?;
        let pushing = shelve(&mut site, store);

        let store = site.open_store(seed ^ 2, &[])?;
        let again = [Directive::DigestMismatch {
            grid: Office::grid(),
        }];
        Office::answer(&store, None, &[], None, &again)?;
        let snapshot = office.snapshot(&store, 100)?.context("no snapshot")?;
        let fetching = shelve(&mut site, store);
        Ok(Self {
            unknown,
            working,
            pushing,
            fetching,
            household,
            disputed,
            refused,
            draft,
            push,
            manifest,
            receipt,
            news,
            snapshot,
        })
    }
}

/// Switches the phone off and keeps its files.
fn shelve(site: &mut Site, store: Store) -> Shelved {
    drop(store);
    let files = site.disk.files();
    site.insert(files.clone());
    Shelved {
        files,
        token: site.token(),
    }
}

fn fetch(office: &Office, store: &Store) -> anyhow::Result<()> {
    while let Some(page) = office.snapshot(store, 100)? {
        store.apply_snapshot(&page)?;
    }
    Ok(())
}

fn exchange(office: &mut Office, store: &Store) -> anyhow::Result<()> {
    let mut receipt = None;
    if let Some(push) = store.next_push(50, 1 << 20)? {
        let signed = Office::sign(&push)?;
        store.store_manifest(&push, &signed)?;
        receipt = Some(office.receive(&push, &signed));
    }
    let pages = office.page(store, 100)?;
    Office::answer(store, receipt.as_ref(), &pages, None, &[])?;
    Ok(())
}

fn enter_household(store: &Store, forms: &mut Workload, number: u8) -> anyhow::Result<RecordId> {
    let id = RecordId::from_bytes([number + 1; 16]);
    let (kind, edits) = (RecordKind::Household, forms.household()?);
    store.create_record(id, kind, Office::grid(), &edits, START, None)?;
    Ok(id)
}

fn edit(store: &Store, id: RecordId, note: &str) -> anyhow::Result<()> {
    store.edit_record(id, &[text("notes", note)?], START, None)?;
    Ok(())
}

fn save_draft(store: &Store) -> anyhow::Result<RecordId> {
    let draft = Draft {
        id: RecordId::from_bytes([0xdd; 16]),
        kind: RecordKind::Visit,
        grid: Some(Office::grid()),
        record: None,
        edits: vec![text("diary", "未写完的走访记录")?],
        saved_at: START,
    };
    store.save_draft(&draft)?;
    Ok(draft.id)
}

pub(super) fn text(path: &str, text: &str) -> anyhow::Result<FieldEdit> {
    Ok(FieldEdit::set(
        FieldPath::new(path)?,
        FieldValue::text(text),
    ))
}
