//! The town: phones, server and the network between them, and what each step
//! does to them. Everything happens in one thread, in the order the dice say.
//!
//! Owns the actions; what travels is [`super::network`]'s, what must be true
//! at the end is [`super::agreement`]'s.

use std::{
    collections::{BTreeMap, HashMap},
    path::{Path, PathBuf},
    sync::Arc,
};

use anyhow::{Context as _, ensure};
use wangge_core::StoreError;
use wangge_model::{
    Clock as _, GridId, RecordId, RecordKind, Timestamp,
    protocol::{EnrolResponse, open, seal},
    testing::{FakeClock, SeededEntropy},
};

use super::{
    content::{self, Entry},
    dice::{Action, Dice, Plan},
    ledger::Ledger,
    network::Network,
    phone::SimPhone,
    server::SimServer,
    story::Story,
    trace::Trace,
};

/// Phones of one grid, about.
const PHONES_PER_GRID: usize = 3;
/// One worker in so many has a second grid.
const SECOND_GRID: usize = 3;
/// Records a worker is busy with at a time.
const FOCUS: usize = 4;
/// Every so many edits a worker turns to other records.
const TURNS: u64 = 12;
/// Beginning of the simulated time: 2026-01-01.
const BEGINNING: Timestamp = Timestamp::from_millis(1_767_225_600_000);
/// A step of the simulated time.
const STEP_MS: i64 = 1_000;

/// Longer than a session.
#[cfg(feature = "planted-faults")]
const NIGHT_MS: i64 = 13 * 3_600_000;

/// How large a run is, and what is not in it.
#[derive(Debug, Clone)]
pub(super) struct Size {
    pub(super) devices: usize,
    pub(super) steps: u64,
    pub(super) records: usize,
    pub(super) without: Vec<Action>,
    /// A record to tell about.
    pub(super) follow: Option<RecordId>,
}

/// A record as the simulation knows it.
#[derive(Debug, Clone, Copy)]
pub(super) struct Known {
    pub(super) id: RecordId,
    pub(super) kind: RecordKind,
}

/// Everything.
#[derive(Debug)]
pub(super) struct World {
    pub(super) size: Size,
    plan: Plan,
    pub(super) dice: Dice,
    ids: SeededEntropy,
    clock: Arc<FakeClock>,
    folder: PathBuf,
    folders: u64,
    pub(super) server: SimServer,
    pub(super) phones: Vec<SimPhone>,
    pub(super) grids: Vec<GridId>,
    pub(super) records: Vec<Known>,
    pub(super) numbers: HashMap<RecordId, usize>,
    by_grid: HashMap<GridId, Vec<usize>>,
    pub(super) ledger: Ledger,
    pub(super) network: Network,
    pub(super) trace: Trace,
    pub(super) counts: BTreeMap<&'static str, u64>,
    /// The step at which something last changed hands: a record that moved, or
    /// a late edit that was decided on. Phones have dropped what they do not
    /// need any more; a backup from before would be a second disaster.
    last_move: u64,
    /// The present step.
    pub(super) now: u64,
    pub(super) story: Option<Story>,
}

impl World {
    /// A town with its phones enrolled and nothing collected yet.
    pub(super) fn new(folder: &Path, size: &Size, seed: u64) -> anyhow::Result<Self> {
        let mut dice = Dice::new(seed);
        let clock = Arc::new(FakeClock::at(BEGINNING));
        let mut server = SimServer::start(&folder.join("server"), &clock, dice.seed())?;
        let grids = server.create_grids((size.devices / PHONES_PER_GRID).max(2))?;
        let ids = SeededEntropy::new(dice.seed());
        let mut world = Self {
            plan: Plan::new(size.steps, size.devices as u64, &size.without),
            size: size.clone(),
            dice,
            ids,
            clock,
            folder: folder.to_owned(),
            folders: 0,
            server,
            phones: Vec::new(),
            grids,
            records: Vec::new(),
            numbers: HashMap::new(),
            by_grid: HashMap::new(),
            ledger: Ledger::default(),
            network: Network::default(),
            trace: Trace::default(),
            counts: BTreeMap::new(),
            last_move: 0,
            now: 0,
            story: size.follow.map(Story::of),
        };
        for number in 0..size.devices {
            world.add_phone(number)?;
        }
        Ok(world)
    }

    fn new_folder(&mut self) -> PathBuf {
        self.folders += 1;
        self.folder.join(format!("phone-{}", self.folders))
    }

    fn add_phone(&mut self, number: usize) -> anyhow::Result<()> {
        let grids: Vec<GridId> = [number, number + 1]
            .iter()
            .take(if number.is_multiple_of(SECOND_GRID) {
                2
            } else {
                1
            })
            .filter_map(|place| self.grids.get(place % self.grids.len()).copied())
            .collect();
        let person = self.server.create_worker(number, &grids)?;
        let (folder, seed) = (self.new_folder(), self.dice.seed());
        let mut phone = SimPhone::new(folder, &self.clock, seed, person)?;
        let request = phone.enrol_request(self.server.enrolment_code(person)?)?;
        let reply = self.server.post("/v1/enrol", None, seal(&request))?;
        ensure!(reply.status == 200, "a phone could not be enrolled");
        phone.enrolled(&open::<EnrolResponse>(&reply.body)?)?;
        self.phones.push(phone);
        Ok(())
    }

    /// Counts something for the figures.
    pub(super) fn count(&mut self, what: &'static str) {
        *self.counts.entry(what).or_default() += 1;
    }

    /// Plays the next step.
    pub(super) fn step(&mut self) -> anyhow::Result<()> {
        self.now += 1;
        self.clock.advance_millis(STEP_MS);
        let action = self.plan.draw(&mut self.dice);
        let phone = self.dice.below(self.phones.len());
        self.count(action.as_str());
        self.trace.count(action.as_str(), phone as u64);
        let what = format!("({} of phone {phone})", action.as_str());
        let played = self.play(action, phone);
        self.tell_story(&what)?;
        played.with_context(|| format!("step {} {what}", self.now))
    }

    fn play(&mut self, action: Action, phone: usize) -> anyhow::Result<()> {
        match action {
            Action::Edit => self.edit(phone),
            Action::Settle => self.settle(phone),
            Action::Sync => self.sync(phone),
            Action::Tidy => Ok(self.phone(phone)?.store()?.tidy()?),
            Action::Restart => self.phone(phone)?.restart(),
            Action::Partition => {
                let steps = self.dice.below(200 * self.size.devices) as u64;
                let until = self.now + steps;
                self.phone(phone)?.offline_until = until;
                Ok(())
            }
            Action::LateDelivery => self.deliver_late(),
            Action::Upgrade => self.phone(phone)?.upgrade(),
            Action::ClockJump => {
                // Up to two days wrong, or right again.
                let wrong = [0, -172_800_000, -3_600_000, 3_600_000, 86_400_000];
                let by = self.dice.pick(&wrong).copied().unwrap_or_default();
                self.phone(phone)?.clock.set_wrong_by(by);
                Ok(())
            }
            Action::Grant => self.turn_grant(phone),
            Action::Discard => self.discard_refused(phone).map(drop),
            Action::PhoneBackup => {
                let (folder, now) = (self.new_folder(), self.now);
                self.phone(phone)?.back_up(folder, now)
            }
            Action::PhoneRestore => self.restore_phone(phone),
            Action::PhoneClone => self.clone_phone(phone),
            Action::ServerBackup => self.server.back_up(self.now),
            Action::ServerRestore => self.restore_server(),
            Action::ServerRestart => self.server.restart(),
            Action::Move => self.move_record(),
            Action::Review => self.decide_one().map(drop),
            Action::Compact => self.compact(),
            Action::Nothing => Ok(()),
        }
    }

    pub(super) fn phone(&mut self, number: usize) -> anyhow::Result<&mut SimPhone> {
        self.phones.get_mut(number).context("no such phone")
    }

    // ---- workers -----------------------------------------------------------

    fn edit(&mut self, number: usize) -> anyhow::Result<()> {
        let (made, wanted) = (self.records.len(), self.size.records);
        // Most records early, the last tenth little by little.
        let is_new = made < wanted
            && if made < wanted - wanted / 10 {
                self.dice.chance(1, 2)
            } else {
                self.dice.chance(1, 60)
            };
        if is_new {
            return self.create(number);
        }
        let Some((record, known)) = self.choose_record(number)? else {
            self.count("no_record_to_edit");
            return Ok(());
        };
        let edit = self.ledger.len() as u64;
        let entry = match content::edit(&mut self.dice, known.kind, edit) {
            Some(entry) => entry,
            None => match self.phone(number)?.store()?.find_document(known.id)? {
                Some(document) => content::continued_text(&document, known.kind, edit),
                None => return self.forget(number, record),
            },
        };
        let at = self.entry_time(number, record)?;
        let changed = self
            .phone(number)?
            .store()?
            .edit_record(known.id, &entry.edits, at, None);
        match changed {
            Ok(true) => self.acknowledge(number, record, at, &entry),
            Ok(false) => self.count("edits_without_change"),
            Err(StoreError::RecordNotFound(_)) => return self.forget(number, record),
            Err(error) => return Err(error.into()),
        }
        Ok(())
    }

    fn create(&mut self, number: usize) -> anyhow::Result<()> {
        // A form offers the grids the phone has now; a sync that broke off may
        // have taken one.
        self.phone(number)?.refresh_grids()?;
        let phone = self.phones.get(number).context("no such phone")?;
        let Some(grid) = self.dice.pick(&phone.grids).copied() else {
            self.count("no_grid_to_work_in");
            return Ok(());
        };
        let kind = content::kind(&mut self.dice);
        let id = RecordId::make(self.clock.as_ref(), &self.ids);
        let record = self.records.len();
        let entry = content::new_record(&mut self.dice, kind, self.ledger.len() as u64);
        let at = self.entry_time(number, record)?;
        self.phone(number)?
            .store()?
            .create_record(id, kind, grid, &entry.edits, at, None)?;
        self.acknowledge(number, record, at, &entry);
        self.count("records");
        self.records.push(Known { id, kind });
        self.numbers.insert(id, record);
        self.by_grid.entry(grid).or_default().push(record);
        self.phone(number)?.focus.push(record);
        Ok(())
    }

    fn settle(&mut self, number: usize) -> anyhow::Result<()> {
        let Some((record, known)) = self.choose_record(number)? else {
            return Ok(());
        };
        let Some(document) = self.phone(number)?.store()?.find_document(known.id)? else {
            return self.forget(number, record);
        };
        let conflicts = document.conflicts();
        let Some(conflict) = self.dice.pick(&conflicts) else {
            self.count("no_conflict_to_settle");
            return Ok(());
        };
        let Some(chosen) = self.dice.pick(&conflict.candidates) else {
            return Ok(());
        };
        let edit = wangge_model::document::FieldEdit {
            path: conflict.path.clone(),
            value: chosen.value.clone(),
        };
        let at = self.entry_time(number, record)?;
        let store = self.phone(number)?.store()?;
        if store.settle_conflict(known.id, &edit, at)? {
            let settled = store
                .find_document(known.id)?
                .context("a record vanished while it was settled")?;
            let open = settled.conflicts();
            ensure!(
                open.iter().all(|one| one.path != edit.path),
                "a settled conflict is still open"
            );
            let others = conflicts.iter().filter(|one| one.path != edit.path);
            ensure!(
                others.eq(open.iter()),
                "settling one conflict changed another"
            );
            let entry = Entry {
                edits: vec![edit],
                unique: false,
            };
            self.acknowledge(number, record, at, &entry);
            self.count("conflicts_settled");
        }
        Ok(())
    }

    fn acknowledge(&mut self, phone: usize, record: usize, at: Timestamp, entry: &Entry) {
        self.count("acknowledged");
        self.ledger
            .acknowledge(phone, self.now, record, at, &entry.edits, entry.unique);
    }

    /// When the worker says it was entered: the phone's time, moved on so far
    /// that no other edit of the record has the same second.
    fn entry_time(&mut self, phone: usize, record: usize) -> anyhow::Result<Timestamp> {
        let now = self.phone(phone)?.clock.now();
        Ok(self.ledger.free_time(record, now))
    }

    /// The record a worker turns to next; `None` if the grids are empty.
    fn choose_record(&mut self, number: usize) -> anyhow::Result<Option<(usize, Known)>> {
        let phone = self.phones.get_mut(number).context("no such phone")?;
        if phone.focus.is_empty() || self.dice.chance(1, TURNS) {
            phone.focus.clear();
            for _ in 0..FOCUS {
                let records = self
                    .dice
                    .pick(&phone.grids)
                    .and_then(|grid| self.by_grid.get(grid));
                let record = records.and_then(|records| self.dice.pick(records));
                phone.focus.extend(record);
            }
        }
        let record = self.dice.pick(&phone.focus).copied();
        Ok(record.and_then(|record| Some((record, *self.records.get(record)?))))
    }

    /// The record is not on the phone (yet, or any more).
    fn forget(&mut self, phone: usize, record: usize) -> anyhow::Result<()> {
        self.count("records_not_here");
        self.phone(phone)?.focus.retain(|one| *one != record);
        Ok(())
    }

    /// A worker takes back whatever was refused; answers how many records that
    /// touched.
    pub(super) fn discard_refused(&mut self, number: usize) -> anyhow::Result<u64> {
        let refusals = self.phone(number)?.store()?.list_refusals()?;
        let mut records: Vec<RecordId> = Vec::new();
        for refusal in refusals {
            if let Some(edit) = self.ledger.find_known(&refusal.hash) {
                self.ledger.taken_back(edit);
                self.count("taken_back");
            }
            if !records.contains(&refusal.record) {
                records.push(refusal.record);
            }
        }
        for record in &records {
            self.phone(number)?.store()?.discard_refused(*record)?;
        }
        Ok(records.len() as u64)
    }

    // ---- lives -------------------------------------------------------------

    fn turn_grant(&mut self, phone: usize) -> anyhow::Result<()> {
        let person = self.phone(phone)?.person;
        let grid = self.dice.pick(&self.grids).copied().context("no grids")?;
        // Rather one the person has, or nothing is ever taken.
        let held = self.server.granted(&person)?;
        let grid = match self.dice.pick(&held) {
            Some(held) if self.dice.chance(1, 2) => *held,
            _ => grid,
        };
        let given = self.server.turn_grant(person, grid)?;
        self.count(if given {
            "grants_given"
        } else {
            "grants_taken"
        });
        Ok(())
    }

    fn move_record(&mut self) -> anyhow::Result<()> {
        let record = self.dice.below(self.records.len());
        let to = self.dice.pick(&self.grids).copied().context("no grids")?;
        let Some(known) = self.records.get(record) else {
            return Ok(());
        };
        let Some(from) = self.server.move_record(known.id, to)? else {
            self.count("records_not_moved");
            return Ok(());
        };
        self.last_move = self.now;
        self.count("records_moved");
        for records in self.by_grid.values_mut() {
            records.retain(|one| *one != record);
        }
        self.by_grid.entry(to).or_default().push(record);
        self.trace.add("moved", from.as_bytes());
        Ok(())
    }

    /// A supervisor takes a late edit over or not; answers whether there was
    /// one.
    pub(super) fn decide_one(&mut self) -> anyhow::Result<bool> {
        let accepts = self.dice.chance(2, 3);
        let Some(taken) = self.server.decide_one(accepts)? else {
            self.count("nothing_to_review");
            return Ok(false);
        };
        self.last_move = self.now;
        self.count(if taken {
            "late_edits_accepted"
        } else {
            "late_edits_refused"
        });
        Ok(true)
    }

    /// Shortens the feeds, now and then to nothing.
    fn compact(&mut self) -> anyhow::Result<()> {
        let keep = [0, 1, 10, 100];
        let keep = self.dice.pick(&keep).copied().unwrap_or_default();
        let gone = self.server.compact(keep)?;
        *self.counts.entry("places_shortened").or_default() += gone;
        Ok(())
    }

    fn restore_phone(&mut self, number: usize) -> anyhow::Result<()> {
        let Some(step) = self.phone(number)?.backup.as_ref().map(|one| one.step) else {
            self.count("phones_without_backup");
            return Ok(());
        };
        if self.ledger.phone_holds_alone(number, step) {
            self.count("double_disasters_left_out");
            return Ok(());
        }
        // The files are the backup's from here on, whether the app opens them
        // now or dies over it.
        let opened = self.phone(number)?.restore();
        self.ledger.roll_back_phone(number, step);
        self.count("phones_restored");
        opened
    }

    fn clone_phone(&mut self, number: usize) -> anyhow::Result<()> {
        if self.phones.len() > self.size.devices + self.size.devices / 8 {
            self.count("clones_left_out");
            return Ok(());
        }
        let (folder, seed) = (self.new_folder(), self.dice.seed());
        let clone = self.phone(number)?.copy(folder, seed)?;
        self.phones.push(clone);
        self.count("phones_cloned");
        Ok(())
    }

    fn restore_server(&mut self) -> anyhow::Result<()> {
        let Some(step) = self.server.backup_step() else {
            self.count("server_without_backup");
            return Ok(());
        };
        if self.ledger.server_holds_alone(step) || self.last_move > step {
            self.count("double_disasters_left_out");
            return Ok(());
        }
        self.server.restore()?;
        self.trace.add("epoch", &self.server.epoch()?);
        self.ledger.roll_back_server(step);
        self.count("server_restored");
        Ok(())
    }

    /// Lets the sessions of all phones end.
    #[cfg(feature = "planted-faults")]
    pub(super) fn pass_a_night(&mut self) {
        self.clock.advance_millis(NIGHT_MS);
    }

    /// Everything dies and starts again.
    #[cfg(feature = "planted-faults")]
    pub(super) fn restart_everybody(&mut self) -> anyhow::Result<()> {
        self.server.restart()?;
        for phone in &mut self.phones {
            phone.restart()?;
        }
        Ok(())
    }

    /// Ends every disaster: networks work, clocks are right, nothing is on its
    /// way any more.
    pub(super) fn heal(&mut self) -> anyhow::Result<()> {
        self.network.calm = true;
        while !self.network.is_empty() {
            self.deliver_late()?;
        }
        for phone in &mut self.phones {
            phone.offline_until = 0;
            phone.clock.set_wrong_by(0);
            phone.run = None;
        }
        Ok(())
    }
}
