//! What must be true when everything was healed: nothing moves any more, every
//! replica holds the same, and no acknowledged edit is missing.

use std::collections::{BTreeMap, HashMap, HashSet};

use anyhow::Context as _;
use sha2::{Digest as _, Sha256};
use wangge_core::store::testing::CanonicalState;
use wangge_model::{GridId, RecordId, document::RecordDocument};

use super::{
    ledger::{self, Owed},
    world::World,
};

/// Rounds of syncs after which nothing may move any more.
const ROUNDS: u64 = 20;

/// A record's canonical state, hashed.
type State = [u8; 32];

/// What is wrong; empty if the promises held.
pub(super) type Broken = Vec<String>;

impl World {
    /// Syncs every phone until a whole round brings nothing.
    pub(super) fn quiesce(&mut self) -> anyhow::Result<Broken> {
        for round in 1..=ROUNDS {
            let mut moved = 0;
            while self.decide_one()? {
                moved += 1;
            }
            for phone in 0..self.phones.len() {
                let report = self
                    .sync_calmly(phone)
                    .with_context(|| format!("healing phone {phone}, round {round}"))?;
                moved += report.receipted
                    + report.refused
                    + report.pulled
                    + report.snapshots
                    + report.mismatched_grids
                    + report.waiting;
                moved += self.discard_refused(phone)?;
                self.tell_story(&format!("(healing phone {phone}, round {round})"))?;
            }
            if moved == 0 {
                *self.counts.entry("rounds_to_heal").or_default() += round;
                return Ok(Vec::new());
            }
        }
        let mut broken = vec![format!("still not quiet after {ROUNDS} rounds of syncs")];
        for (number, phone) in self.phones.iter().enumerate() {
            let waiting = wangge_core::port::SyncStore::count_pending(phone.store()?)?;
            if waiting > 0 {
                broken.push(format!(
                    "phone {number} still has {waiting} changes to hand in"
                ));
            }
        }
        Ok(broken)
    }

    /// Compares every replica with the server and the ledger with both, as they
    /// are on their disks: what anybody remembers does not count.
    pub(super) fn compare(&mut self) -> anyhow::Result<Broken> {
        self.server.restart()?;
        for phone in &mut self.phones {
            phone.restart()?;
        }
        let mut broken = self.server.verify()?;
        let mut served: HashMap<GridId, BTreeMap<RecordId, State>> = HashMap::new();
        let mut found = Found::default();
        for grid in self.grids.clone() {
            let states = served.entry(grid).or_default();
            let numbers = &self.numbers;
            self.server.for_each_record(&grid, |id, document| {
                states.insert(id, state(&document));
                if let Some(record) = numbers.get(&id) {
                    found.add(*record, &document);
                }
                Ok(())
            })?;
        }
        for states in served.values() {
            *self.counts.entry("records_at_server").or_default() += states.len() as u64;
        }
        let mut ordered: Vec<&State> = served.values().flat_map(BTreeMap::values).collect();
        ordered.sort_unstable();
        for state in ordered {
            self.trace.add("state", state);
        }
        for number in 0..self.phones.len() {
            self.compare_phone(number, &served, &mut broken)?;
        }
        self.compare_ledger(&found, &mut broken)?;
        Ok(broken)
    }

    fn compare_phone(
        &mut self,
        number: usize,
        served: &HashMap<GridId, BTreeMap<RecordId, State>>,
        broken: &mut Broken,
    ) -> anyhow::Result<()> {
        let phone = self.phones.get(number).context("no such phone")?;
        let granted = self.server.granted(&phone.person)?;
        let expected: BTreeMap<&RecordId, &State> = granted
            .iter()
            .filter_map(|grid| served.get(grid))
            .flatten()
            .collect();
        let store = phone.store()?;
        let held = store.list_record_ids()?;
        let here: HashSet<&RecordId> = held.iter().collect();
        for id in expected.keys().filter(|id| !here.contains(**id)) {
            broken.push(format!("phone {number} lacks record {id}"));
        }
        for id in &held {
            let document = store
                .find_document(*id)?
                .context("a listed record is not there")?;
            match expected.get(id) {
                None => broken.push(format!("phone {number} holds record {id} beyond its grids")),
                Some(state) if **state != self::state(&document) => {
                    broken.push(format!(
                        "phone {number} has another record {id} than the server"
                    ));
                }
                Some(_) => {}
            }
        }
        for (stored, summed) in store.check_digests()? {
            if stored != summed {
                broken.push(format!(
                    "a digest of phone {number} is not the sum of its records"
                ));
            }
        }
        *self.counts.entry("replicas_compared").or_default() += held.len() as u64;
        Ok(())
    }

    fn compare_ledger(&mut self, found: &Found, broken: &mut Broken) -> anyhow::Result<()> {
        let quarantined = self.server.list_quarantined()?;
        let (mut in_record, mut apart, mut nothing) = (0, 0, 0);
        for (edit, owed) in self.ledger.owed() {
            let is_there = found.has(edit);
            match owed {
                Owed::Nothing => nothing += 1,
                _ if is_there => in_record += 1,
                Owed::OrApart(hash) if quarantined.contains(&hash) => apart += 1,
                Owed::InRecord | Owed::OrApart(_) => broken.push(format!(
                    "the edit acknowledged at step {} for record {} is lost",
                    edit.step(),
                    self.records
                        .get(edit.record)
                        .map_or_else(String::new, |known| known.id.to_string())
                )),
            }
        }
        self.counts.insert("edits_in_records", in_record);
        self.counts.insert("edits_in_quarantine", apart);
        self.counts
            .insert("edits_rolled_back_or_taken_back", nothing);
        Ok(())
    }
}

/// Two documents agree exactly if this is equal: heads, set of changes, and
/// fields with every candidate of every conflict.
fn state(document: &RecordDocument) -> State {
    let canonical = CanonicalState::of(document);
    Sha256::digest(format!("{canonical:?}")).into()
}

/// What the server's records say was written.
#[derive(Debug, Default)]
struct Found {
    /// By record and second: what was written, hashed.
    by_time: HashMap<(usize, i64), Vec<u64>>,
    /// By record: everything ever written.
    ever: HashSet<(usize, u64)>,
}

impl Found {
    fn add(&mut self, record: usize, document: &RecordDocument) {
        for entry in document.history() {
            let at = entry.at.as_millis().div_euclid(1000);
            let values = self.by_time.entry((record, at)).or_default();
            for field in entry.fields {
                let value = ledger::value_hash(&field.path, field.value.as_ref());
                values.push(value);
                self.ever.insert((record, value));
            }
        }
    }

    /// Whether an edit is there: what only it wrote at its own time, a choice
    /// out of a few codes at any.
    fn has(&self, edit: &ledger::Acknowledged) -> bool {
        if edit.unique {
            let written = self.by_time.get(&(edit.record, edit.at));
            return written
                .is_some_and(|written| edit.values.iter().all(|value| written.contains(value)));
        }
        edit.values
            .iter()
            .all(|value| self.ever.contains(&(edit.record, *value)))
    }
}
