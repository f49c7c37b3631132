//! The work during which the power fails: recorded once, with what the phone
//! holds after each acknowledged piece.

use anyhow::Context as _;
use rand::{RngExt as _, SeedableRng as _};
use rand_chacha::ChaCha8Rng;
use wangge_core::{draft::Draft, store::Store, sync::SyncStore as _};
use wangge_model::{
    Clock as _, FieldPath, FieldValue, RecordId, RecordKind, document::FieldEdit,
    protocol::Directive,
};

use crate::{
    lab::{
        disk::{Event, Files},
        disk_phone::{FURTHER_STEPS, Office, REFUSED, START, Site, Step},
    },
    workload,
};

/// Kinds of work.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Workload {
    /// From the first start on: records, edits, drafts.
    Save,
    /// A first fetch, then pushes with their receipts and pages by others.
    Pull,
    /// Documents compacted, index merged, log folded back, store closed.
    Compaction,
    /// The steps of a newer app.
    Migration,
}

impl Workload {
    pub(super) fn of_round(round: u64) -> Self {
        match round % 4 {
            0 => Self::Save,
            1 => Self::Pull,
            2 => Self::Compaction,
            _ => Self::Migration,
        }
    }

    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Save => "save",
            Self::Pull => "pull",
            Self::Compaction => "compaction",
            Self::Migration => "migration",
        }
    }
}

/// A recorded piece of work.
#[derive(Debug)]
pub(super) struct Recording {
    pub(super) workload: Workload,
    /// The disk before.
    pub(super) base: Files,
    /// What was asked of it.
    pub(super) events: Vec<Event>,
    /// What the phone held after each acknowledged piece.
    pub(super) states: Vec<Vec<String>>,
    /// The token beside the database.
    pub(super) token: Option<Vec<u8>>,
    pub(super) further_steps: &'static [Step],
    /// What is entered on every image to see that it still can be.
    pub(super) afterwards: Vec<FieldEdit>,
}

/// A store at work.
struct Hand {
    site: Site,
    random: ChaCha8Rng,
    forms: workload::Workload,
    office: Office,
    households: Vec<RecordId>,
    drafts: Vec<RecordId>,
    states: Vec<Vec<String>>,
}

impl Recording {
    pub(super) fn make(
        workload: Workload,
        seed: u64,
        skip_sync_of: Option<&str>,
    ) -> anyhow::Result<Self> {
        let mut hand = Hand {
            site: Site::new()?,
            random: ChaCha8Rng::seed_from_u64(seed),
            forms: workload::Workload::new(seed, START),
            office: Office::new(seed ^ 0x5eed),
            households: Vec::new(),
            drafts: Vec::new(),
            states: Vec::new(),
        };
        if workload != Workload::Save {
            let store = hand.site.open_store(seed, &[])?;
            hand.settle_in(&store, workload)?;
        }
        let base = hand.site.disk.files();
        hand.site.insert(base.clone());
        if let Some(ending) = skip_sync_of {
            hand.site.disk.skip_sync_of(ending);
        }
        hand.site.disk.record();
        hand.states.clear();
        match workload {
            Workload::Save => hand.save(seed)?,
            Workload::Pull => hand.pull(seed)?,
            Workload::Compaction => hand.compact(seed)?,
            Workload::Migration => hand.migrate(seed)?,
        }
        let afterwards = vec![text("diary", "断电后继续走访。")?];
        let further_steps = if workload == Workload::Migration {
            FURTHER_STEPS
        } else {
            &[]
        };
        Ok(Self {
            workload,
            base,
            events: hand.site.disk.take_log(),
            token: hand.site.token(),
            states: hand.states,
            further_steps,
            afterwards,
        })
    }
}

impl Hand {
    /// Notes that everything up to here was acknowledged.
    fn acknowledge(&mut self, store: &Store) -> anyhow::Result<()> {
        self.site.disk.acknowledge(self.states.len());
        self.states.push(store.list_kept()?);
        self.site.clock.advance_millis(1_000);
        Ok(())
    }

    /// What was there before the work that is recorded.
    fn settle_in(&mut self, store: &Store, workload: Workload) -> anyhow::Result<()> {
        Office::enrol(store)?;
        self.office.enter(12)?;
        if workload != Workload::Pull {
            self.fetch(store)?;
        }
        for _ in 0..8 {
            self.create(store)?;
        }
        let edits = if workload == Workload::Compaction {
            60
        } else {
            8
        };
        for _ in 0..edits {
            self.edit(store)?;
        }
        self.save_draft(store)
    }

    fn save(&mut self, seed: u64) -> anyhow::Result<()> {
        let store = self.site.open_store(seed, &[])?;
        self.acknowledge(&store)?;
        Office::enrol(&store)?;
        self.acknowledge(&store)?;
        for _ in 0..30 {
            match self.random.random_range(0..10) {
                0..4 => self.create(&store)?,
                4..7 => self.edit(&store)?,
                7 | 8 => self.save_draft(&store)?,
                _ => self.finish_draft(&store)?,
            }
            self.acknowledge(&store)?;
        }
        Ok(())
    }

    fn pull(&mut self, seed: u64) -> anyhow::Result<()> {
        let store = self.site.open_store(seed, &[])?;
        self.acknowledge(&store)?;
        while let Some(page) = self.office.snapshot(&store, 5)? {
            store.apply_snapshot(&page)?;
            self.acknowledge(&store)?;
        }
        for round in 0..6 {
            self.create(&store)?;
            self.acknowledge(&store)?;
            if round == 3 {
                self.edit_with(&store, &[text("notes", REFUSED)?])?;
                self.acknowledge(&store)?;
            }
            self.office.enter(2)?;
            self.others_edit()?;
            self.exchange(&store, round)?;
        }
        store.store_synced_at(self.site.clock.now())?;
        self.acknowledge(&store)
    }

    fn compact(&mut self, seed: u64) -> anyhow::Result<()> {
        let store = self.site.open_store(seed, &[])?;
        self.acknowledge(&store)?;
        store.tidy()?;
        self.acknowledge(&store)?;
        for _ in 0..25 {
            self.edit(&store)?;
            self.acknowledge(&store)?;
        }
        store.tidy()?;
        self.acknowledge(&store)?;
        store.rebuild_projections()?;
        self.acknowledge(&store)?;
        // Closing folds the log back too, and deletes it.
        drop(store);
        let store = self.site.open_store(seed ^ 1, &[])?;
        self.acknowledge(&store)?;
        self.create(&store)?;
        self.acknowledge(&store)
    }

    fn migrate(&mut self, seed: u64) -> anyhow::Result<()> {
        let store = self.site.open_store(seed, &[])?;
        self.acknowledge(&store)?;
        self.create(&store)?;
        self.acknowledge(&store)?;
        drop(store);
        let store = self.site.open_store(seed ^ 1, FURTHER_STEPS)?;
        self.acknowledge(&store)?;
        self.create(&store)?;
        self.acknowledge(&store)
    }

    /// One push with its receipt, and a page of news.
    fn exchange(&mut self, store: &Store, round: u64) -> anyhow::Result<()> {
        let push = store.next_push(6, 1 << 20)?;
        let mut receipt = None;
        if let Some(push) = &push {
            let signed = Office::sign(push)?;
            store.store_manifest(push, &signed)?;
            self.acknowledge(store)?;
            receipt = Some(self.office.receive(push, &signed));
        }
        let pages = self.office.page(store, 6)?;
        let grants = Office::grants(round + 2, round.is_multiple_of(2));
        let directives = if round == 4 {
            vec![Directive::DigestMismatch {
                grid: Office::grid(),
            }]
        } else {
            Vec::new()
        };
        Office::answer(store, receipt.as_ref(), &pages, Some(&grants), &directives)?;
        self.acknowledge(store)?;
        while let Some(page) = self.office.snapshot(store, 9)? {
            store.apply_snapshot(&page)?;
            self.acknowledge(store)?;
        }
        Ok(())
    }

    fn fetch(&mut self, store: &Store) -> anyhow::Result<()> {
        while let Some(page) = self.office.snapshot(store, 5)? {
            store.apply_snapshot(&page)?;
        }
        self.households = self.office.household_ids();
        Ok(())
    }

    fn others_edit(&mut self) -> anyhow::Result<()> {
        let ids = self.office.household_ids();
        let id = self.pick(&ids)?;
        let note = format!("同事补记{}", self.random.random_range(0..1_000));
        self.office.edit(id, &[text("notes", &note)?])
    }

    fn create(&mut self, store: &Store) -> anyhow::Result<()> {
        let form = self.forms.next_record()?;
        let now = self.site.clock.now();
        let id = self.new_id();
        store.create_record(id, form.kind, Office::grid(), &form.edits, now, None)?;
        if form.kind == RecordKind::Household {
            self.households.push(id);
        }
        Ok(())
    }

    fn edit(&mut self, store: &Store) -> anyhow::Result<()> {
        let note = format!("第{}次补记", self.random.random_range(0..100_000));
        self.edit_with(store, &[text("notes", &note)?])
    }

    fn edit_with(&mut self, store: &Store, edits: &[FieldEdit]) -> anyhow::Result<()> {
        if self.households.is_empty() {
            return self.create(store);
        }
        let id = self.pick(&self.households.clone())?;
        store.edit_record(id, edits, self.site.clock.now(), None)?;
        Ok(())
    }

    fn save_draft(&mut self, store: &Store) -> anyhow::Result<()> {
        let draft = Draft {
            id: self.new_id(),
            kind: RecordKind::Visit,
            grid: Some(Office::grid()),
            record: None,
            edits: vec![text("diary", "未写完的走访记录")?],
            saved_at: self.site.clock.now(),
        };
        store.save_draft(&draft)?;
        self.drafts.push(draft.id);
        Ok(())
    }

    fn finish_draft(&mut self, store: &Store) -> anyhow::Result<()> {
        let Some(draft) = self.drafts.pop() else {
            return self.save_draft(store);
        };
        let form = self.forms.next_record()?;
        let (id, now) = (self.new_id(), self.site.clock.now());
        let grid = Office::grid();
        store.create_record(id, form.kind, grid, &form.edits, now, Some(draft))?;
        if form.kind == RecordKind::Household {
            self.households.push(id);
        }
        Ok(())
    }

    fn new_id(&mut self) -> RecordId {
        RecordId::from_bytes(self.random.random())
    }

    fn pick(&mut self, ids: &[RecordId]) -> anyhow::Result<RecordId> {
        let index = self.random.random_range(0..ids.len().max(1));
        ids.get(index).copied().context("there is no household")
    }
}

fn text(path: &str, text: &str) -> anyhow::Result<FieldEdit> {
    Ok(FieldEdit::set(
        FieldPath::new(path)?,
        FieldValue::text(text),
    ))
}
