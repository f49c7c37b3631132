//! One story: five phones and a server in this process, and what the dice have
//! them do.

use std::{
    collections::{BTreeMap, BTreeSet},
    path::Path,
    sync::Arc,
};

use rand::{RngExt as _, SeedableRng as _};
use rand_chacha::ChaCha8Rng;
use wangge_core::{
    plan::PlanQuery,
    record::{RecordQuery, RecordState},
    store::testing::CanonicalState,
};
use wangge_model::{
    AssignmentId, CivilDay, Clock as _, FieldPath, FieldValue, GridId, OrgLevel, OrgNodeId,
    PersonId, RecordId, RecordKind, RedivisionId, Role, Timestamp,
    access::Seat,
    boundary::testing::tessellation,
    document::{FieldEdit, RecordDocument},
    protocol::EnrolmentLink,
    testing::SeededEntropy,
};
use wangge_server::{
    auth::Scope,
    ingest::{merge, review},
    storage::{NewAssignment, NewMove, NewOrgNode, NewRedivision, RecordFilter, StoredRecord},
    testing::TestServer,
};
use wangge_tests::phone::{Phone, PhoneParts, text_edit};

/// Rounds of syncs after which nothing may move any more.
const ROUNDS: usize = 20;
/// Records of a list are asked for at once; a story has fewer.
const ALL: u32 = 500;

/// What somebody entered: it must be in that record's history for good.
struct Entered {
    record: RecordId,
    path: String,
    value: String,
}

pub(super) struct Story {
    seed: u64,
    dice: ChaCha8Rng,
    server: TestServer,
    address: String,
    supervisor: PersonId,
    grids: Vec<GridId>,
    phones: Vec<Phone>,
    workers: Vec<PersonId>,
    folder: tempfile::TempDir,
    entered: Vec<Entered>,
    number: usize,
    /// Everything about a household: it and its visits move together.
    visits: BTreeMap<RecordId, Vec<RecordId>>,
    pub(super) merges: usize,
    pub(super) partings: usize,
}

impl Story {
    pub(super) async fn begin(seed: u64) -> Self {
        let server = TestServer::start(seed).await;
        let address = format!("http://{}", server.listen().await);
        let supervisor = server
            .add_person("主任", server.street, Role::Supervisor)
            .await;
        let mut story = Self {
            seed,
            dice: ChaCha8Rng::seed_from_u64(seed),
            grids: server.grids.to_vec(),
            server,
            address,
            supervisor,
            phones: Vec::new(),
            workers: Vec::new(),
            folder: tempfile::tempdir().unwrap(),
            entered: Vec::new(),
            number: 0,
            visits: BTreeMap::new(),
            merges: 0,
            partings: 0,
        };
        let [one, two] = story.server.grids;
        for grids in [
            vec![one],
            vec![two],
            vec![one, two],
            vec![one, two],
            vec![one],
        ] {
            let name = format!("网格员{}", story.workers.len());
            let worker = story.server.add_worker(&name, grids[0]).await;
            for grid in grids.get(1..).unwrap_or_default() {
                let assignment = story.assignment(worker, (*grid).into());
                let storage = &story.server.state.storage;
                storage.create_assignment(&assignment).await.unwrap();
            }
            let phone = story.enrol(worker).await;
            phone.sync().await.unwrap();
            story.phones.push(phone);
            story.workers.push(worker);
        }
        story
    }

    async fn enrol(&mut self, worker: PersonId) -> Phone {
        self.number += 1;
        let folder = self.folder.path().join(format!("phone-{}", self.number));
        let parts = PhoneParts {
            clock: Arc::clone(&self.server.clock) as _,
            entropy: Arc::new(SeededEntropy::new(self.seed * 1_000 + self.number as u64)),
        };
        let phone = Phone::unpack_in(Path::new(&folder), parts).unwrap();
        let link = EnrolmentLink {
            server: self.address.clone(),
            pin: None,
            code: self.server.enrolment_code(worker).await,
        };
        phone.core.enrol(&link).await.unwrap();
        phone
    }

    fn assignment(&self, person: PersonId, node: OrgNodeId) -> NewAssignment {
        NewAssignment {
            id: AssignmentId::make(self.server.clock.as_ref(), self.server.entropy.as_ref()),
            person,
            node,
            role: Role::GridWorker,
            full_time: true,
            reserve: false,
            duties: Vec::new(),
            valid_from: self.now(),
        }
    }

    fn now(&self) -> Timestamp {
        self.server.clock.now()
    }

    fn scope(&self) -> Scope {
        Scope {
            person: self.supervisor,
            at: self.now(),
            role: Some(Role::Supervisor),
            seats: vec![Seat::Street],
        }
    }

    fn below(&mut self, count: usize) -> usize {
        self.dice.random_range(0..count.max(1))
    }

    fn pick<T: Copy>(&mut self, all: &[T]) -> Option<T> {
        let place = self.below(all.len());
        all.get(place).copied()
    }

    /// One thing happens.
    pub(super) async fn step(&mut self, step: usize) {
        self.server.clock.advance_millis(60_000);
        self.number += 1;
        let phone = self.below(self.phones.len());
        if step == super::STEPS / 2 {
            return self.redivide().await;
        }
        match self.below(100) {
            0..20 => self.enter_household(phone),
            20..50 => self.edit_household(phone),
            50..65 => self.visit(phone),
            65..80 => drop(self.phones[phone].sync().await.unwrap()),
            80..91 => self.merge().await,
            91..95 => self.part().await,
            95..97 => self.move_household().await,
            _ => {
                merge::bring_over(&self.server.state, 3).await.unwrap();
            }
        }
    }

    fn note(&mut self, record: RecordId, path: &str, value: &str) {
        self.entered.push(Entered {
            record,
            path: path.to_owned(),
            value: value.to_owned(),
        });
    }

    /// One of a few homes and people, so that many are entered twice.
    fn enter_household(&mut self, phone: usize) {
        let grants = self.phones[phone].core.grids().unwrap();
        let grids: Vec<GridId> = grants.iter().map(|grant| grant.grid).collect();
        let Some(grid) = self.pick(&grids) else {
            return;
        };
        let (room, person, number) = (self.below(4), self.below(6), self.number);
        let member = format!("m{number}");
        let name = format!("王{person}");
        let fields = [
            ("address.estate".to_owned(), "阳光花园".to_owned()),
            ("address.building".to_owned(), "3号楼".to_owned()),
            ("address.room".to_owned(), format!("50{room}室")),
            ("notes".to_owned(), format!("备注{number}")),
            (format!("members.{member}.name"), name),
            (
                format!("members.{member}.birth_date"),
                format!("189{person}-01-01"),
            ),
        ];
        let edits: Vec<FieldEdit> = fields
            .iter()
            .map(|(path, text)| text_edit(path, text).unwrap())
            .collect();
        let core = &self.phones[phone].core;
        let id = core
            .create_record(RecordKind::Household, grid, &edits)
            .unwrap();
        for (path, value) in &fields {
            self.note(id, path, value);
        }
    }

    /// Of the phone's own list, which shows no alias it knows of.
    fn choose_household(&mut self, phone: usize) -> Option<RecordId> {
        let rows = self.list(phone, RecordKind::Household, None);
        self.pick(&rows)
    }

    fn list(&self, phone: usize, kind: RecordKind, grid: Option<GridId>) -> Vec<RecordId> {
        let query = RecordQuery {
            kind: Some(kind),
            grid,
            limit: ALL,
            ..RecordQuery::default()
        };
        let rows = self.phones[phone].core.list_records(&query).unwrap();
        rows.into_iter().map(|row| row.id).collect()
    }

    fn edit_household(&mut self, phone: usize) {
        let Some(id) = self.choose_household(phone) else {
            return;
        };
        let (number, person) = (self.number, self.below(6));
        let (path, value) = match self.below(6) {
            0 => ("contact.name".to_owned(), format!("李{number}")),
            1 => ("contact.phone".to_owned(), format!("138{number:08}")),
            2 => ("dwelling.landlord_name".to_owned(), format!("周{number}")),
            3 => ("address.floor".to_owned(), format!("{number}")),
            4 => (format!("members.n{number}.name"), format!("王{person}")),
            _ => {
                let document = self.phones[phone].document(id).unwrap();
                let members = document.entries("members");
                let Some(member) = members.first() else {
                    return;
                };
                (format!("members.{member}.phone"), format!("139{number:08}"))
            }
        };
        self.phones[phone].set(id, &path, &value).unwrap();
        self.note(id, &path, &value);
    }

    fn visit(&mut self, phone: usize) {
        let Some(household) = self.choose_household(phone) else {
            return;
        };
        let row = self.phones[phone].core.store().find_row(household).unwrap();
        let Some(row) = row else { return };
        let now = self.now();
        let time =
            |path: &str, at| FieldEdit::set(FieldPath::new(path).unwrap(), FieldValue::Time(at));
        let edits = [
            text_edit("household", &household.to_string()).unwrap(),
            text_edit("kind", "household").unwrap(),
            text_edit("result", "met").unwrap(),
            text_edit("distance_reason", "手机无信号").unwrap(),
            text_edit("diary", &format!("走访{}", self.number)).unwrap(),
            time("started_at", now.plus_millis(-600_000)),
            time("ended_at", now),
        ];
        let core = &self.phones[phone].core;
        let id = core.create_record(RecordKind::Visit, row.grid, &edits);
        let id = id.unwrap();
        self.visits.entry(household).or_default().push(id);
        let diary = format!("走访{}", self.number);
        self.note(id, "diary", &diary);
    }

    /// The households at the server, each with what it was merged into.
    async fn stored(&self) -> Vec<(StoredRecord, Option<RecordId>)> {
        let storage = &self.server.state.storage;
        let mut all = Vec::new();
        for grid in &self.grids {
            let rows = storage.list_snapshot(grid, None, ALL, usize::MAX).await;
            for row in rows.unwrap() {
                if row.record.kind == RecordKind::Household {
                    all.push((row.record, row.summary.merged_into));
                }
            }
        }
        all
    }

    async fn merge(&mut self) {
        let stored = self.stored().await;
        let ids: Vec<RecordId> = stored.iter().map(|(record, _)| record.id).collect();
        let (Some(alias), Some(kept)) = (self.pick(&ids), self.pick(&ids)) else {
            return;
        };
        match merge::merge(&self.server.state, &self.scope(), alias, kept).await {
            Ok(_) => self.merges += 1,
            Err(merge::MergeError::Same | merge::MergeError::Merged) => {}
            Err(error) => panic!("seed {}: {error}", self.seed),
        }
    }

    async fn part(&mut self) {
        let stored = self.stored().await;
        let aliases: Vec<RecordId> = stored
            .iter()
            .filter(|(_, into)| into.is_some())
            .map(|(record, _)| record.id)
            .collect();
        let Some(alias) = self.pick(&aliases) else {
            return;
        };
        merge::unmerge(&self.server.state, &self.scope(), alias)
            .await
            .unwrap();
        self.partings += 1;
    }

    /// A household goes to another grid, with its visits that have arrived.
    async fn move_household(&mut self) {
        let stored = self.stored().await;
        let ids: Vec<RecordId> = stored.iter().map(|(record, _)| record.id).collect();
        let (Some(id), Some(to)) = (self.pick(&ids), self.pick(&self.grids.clone())) else {
            return;
        };
        let visits = self.visits.get(&id).cloned().unwrap_or_default();
        for record in std::iter::once(id).chain(visits) {
            let new = NewMove {
                record,
                to,
                person: Some(self.supervisor),
                at: self.now(),
                moves: None,
            };
            let moved = self.server.state.storage.move_record(new).await;
            // A visit may still be on its phone.
            assert!(
                moved.is_ok() || record != id,
                "seed {}: {moved:?}",
                self.seed
            );
        }
    }

    /// The second grid is closed and another takes everything and everybody.
    async fn redivide(&mut self) {
        let storage = Arc::clone(&self.server.state.storage);
        let old = self.grids[1];
        let node = storage.find_node(&old.into()).await.unwrap().unwrap();
        let community = node.parent.unwrap();
        let (clock, entropy) = (&self.server.clock, &self.server.entropy);
        let new = OrgNodeId::make(clock.as_ref(), entropy.as_ref());
        let mut after = None;
        let mut moves = Vec::new();
        loop {
            let rows = storage.list_snapshot(&old, after.as_ref(), ALL, usize::MAX);
            let rows = rows.await.unwrap();
            let Some(last) = rows.last() else { break };
            after = Some(last.record.id);
            moves.extend(rows.iter().map(|row| (row.record.id, GridId::from(new))));
        }
        let staff = [self.workers[1], self.workers[2], self.workers[3]];
        let redivision = NewRedivision {
            id: RedivisionId::make(clock.as_ref(), entropy.as_ref()),
            community,
            name: "调整".to_owned(),
            person: Some(self.supervisor),
            at: self.now(),
            close: vec![old.into()],
            create: vec![(
                NewOrgNode {
                    id: new,
                    parent: Some(community),
                    level: OrgLevel::Grid,
                    code: Some("3799990010010000009".to_owned()),
                    name: "新网格".to_owned(),
                    attribute: None,
                    valid_from: self.now(),
                },
                tessellation(1, 1, 4, 1).remove(0),
            )],
            successors: vec![(old.into(), vec![new])],
            moves,
            assignments: staff
                .map(|person| self.assignment(person, new))
                .into_iter()
                .collect(),
        };
        storage.redivide(&redivision).await.unwrap();
        self.grids[1] = new.into();
    }

    /// Everybody comes home: syncs, decisions and counting until nothing moves.
    pub(super) async fn end(&mut self) {
        for _ in 0..ROUNDS {
            self.server.clock.advance_millis(60_000);
            let mut moved = self.settle_server().await;
            for phone in &self.phones {
                let report = phone.sync().await.unwrap();
                moved += report.receipted + report.refused + report.pulled + report.waiting;
                moved += report.snapshots + report.mismatched_grids;
                assert_eq!(report.rejected, 0, "seed {}", self.seed);
            }
            if moved == 0 {
                return;
            }
        }
        panic!("seed {}: not quiet after {ROUNDS} rounds", self.seed);
    }

    async fn settle_server(&self) -> u64 {
        let state = &self.server.state;
        let mut moved = 0;
        loop {
            let scope = self.scope();
            let waiting = state
                .storage
                .list_reviews(&scope.person, scope.at, 0, 1)
                .await
                .unwrap();
            let Some(first) = waiting.first() else { break };
            let late = state
                .storage
                .list_review_changes(&first.id, &scope.person, scope.at)
                .await
                .unwrap();
            review::accept_all(state, &scope, &late).await.unwrap();
            moved += 1;
        }
        while merge::bring_over(state, 10).await.unwrap() > 0 {
            moved += 1;
        }
        while state.storage.index_some(100).await.unwrap() {}
        while state.storage.count_visits(100, self.now()).await.unwrap() > 0 {}
        moved
    }

    /// Everything that must be true at the end.
    pub(super) async fn compare(&mut self) {
        let mut served: BTreeMap<GridId, BTreeMap<RecordId, RecordDocument>> = BTreeMap::new();
        for grid in &self.grids {
            let storage = &self.server.state.storage;
            let rows = storage.list_snapshot(grid, None, ALL, usize::MAX).await;
            let documents = rows.unwrap().into_iter().map(|row| {
                let stored = row.record;
                let document = RecordDocument::load(stored.kind, Some(&stored.document), []);
                (stored.id, document.unwrap())
            });
            served.insert(*grid, documents.collect());
        }
        self.compare_entries(&served);
        for phone in 0..self.phones.len() {
            self.compare_records(phone, &served);
            self.compare_counts(phone).await;
        }
        self.compare_plan().await;
    }

    /// Whatever anybody entered is in the history of the record it was entered
    /// in, merged or not.
    fn compare_entries(&self, served: &BTreeMap<GridId, BTreeMap<RecordId, RecordDocument>>) {
        let written: BTreeSet<(RecordId, String, String)> = served
            .values()
            .flatten()
            .flat_map(|(id, document)| {
                let fields = document
                    .history()
                    .into_iter()
                    .flat_map(|entry| entry.fields);
                fields.map(move |field| {
                    let value = field.value.map(|value| value.to_display());
                    (*id, field.path.to_string(), value.unwrap_or_default())
                })
            })
            .collect();
        for Entered {
            record,
            path,
            value,
        } in &self.entered
        {
            let entry = (*record, path.clone(), value.clone());
            assert!(
                written.contains(&entry),
                "seed {}: lost {entry:?}",
                self.seed
            );
        }
    }

    fn compare_records(
        &self,
        phone: usize,
        served: &BTreeMap<GridId, BTreeMap<RecordId, RecordDocument>>,
    ) {
        let seed = self.seed;
        let core = &self.phones[phone].core;
        let mut expected = BTreeMap::new();
        for grant in core.grids().unwrap() {
            expected.extend(served.get(&grant.grid).into_iter().flatten());
        }
        let held: BTreeSet<RecordId> = core
            .store()
            .list_record_ids()
            .unwrap()
            .into_iter()
            .collect();
        assert_eq!(
            held,
            expected.keys().map(|id| **id).collect(),
            "seed {seed}"
        );
        for (id, document) in expected {
            let state = core.store().canonical_state(*id).unwrap();
            let right = CanonicalState::of(document);
            assert_eq!(state.as_ref(), Some(&right), "seed {seed}, phone {phone}");
        }
        let waiting = core.count_states().unwrap();
        assert_eq!(waiting.on_phone, 0, "seed {seed}, phone {phone}");
    }

    /// Lists and coverage of each grid, as phone and server give them.
    async fn compare_counts(&self, phone: usize) {
        let (seed, scope) = (self.seed, self.scope());
        let core = &self.phones[phone].core;
        let storage = &self.server.state.storage;
        let rows = storage
            .list_coverage(&scope.person, scope.at, CivilDay::of(scope.at))
            .await
            .unwrap();
        let grants = core.grids().unwrap();
        let coverage = core.coverage(None).unwrap();
        for grant in &grants {
            let filter = RecordFilter {
                kind: Some(RecordKind::Household),
                grid: Some(grant.grid),
                limit: ALL,
                ..RecordFilter::default()
            };
            let page = storage
                .list_records(&scope.person, scope.at, &filter)
                .await
                .unwrap();
            let right: BTreeSet<RecordId> = page.records.iter().map(|row| row.id).collect();
            let shown = self.list(phone, RecordKind::Household, Some(grant.grid));
            let shown: BTreeSet<RecordId> = shown.into_iter().collect();
            assert_eq!(shown, right, "seed {seed}, phone {phone}");
            let here = coverage.iter().find(|one| one.grid == grant.grid).unwrap();
            let there = rows.iter().find(|row| row.grid == grant.grid).unwrap();
            assert_eq!(
                here.coverage.households as u64, there.households,
                "seed {seed}"
            );
            // A visit may lie in a grid the phone does not have.
            if grants.len() == self.grids.len() {
                let counted = |counts: [usize; 3]| counts.map(|count| count as u64);
                let here = &here.coverage;
                assert_eq!(
                    counted([here.month, here.quarter, here.year]),
                    [there.month, there.quarter, there.year],
                    "seed {seed}, phone {phone}"
                );
            }
        }
        for id in core.store().list_record_ids().unwrap() {
            let view = core.find_record(id).unwrap().unwrap();
            let stands_for = storage.resolve_merged(&id).await.unwrap();
            let is_here = core.store().find_row(stands_for).unwrap().is_some();
            if is_here {
                assert_eq!(view.row.id, stands_for, "seed {seed}: opening leads there");
                assert_eq!(view.opened_as.is_some(), stands_for != id, "seed {seed}");
            }
        }
        let unsettled = RecordQuery {
            state: Some(RecordState::OnPhone),
            limit: ALL,
            ..RecordQuery::default()
        };
        assert_eq!(core.list_records(&unsettled).unwrap(), [], "seed {seed}");
    }

    /// A phone that was there all along plans what a new one plans, and never an
    /// alias.
    async fn compare_plan(&mut self) {
        let fresh = self.enrol(self.workers[2]).await;
        fresh.sync().await.unwrap();
        let planned = |phone: &Phone| -> BTreeSet<RecordId> {
            let plan = phone.core.plan(&PlanQuery::default()).unwrap();
            let entries = plan.stops.iter().flat_map(|stop| &stop.entries);
            entries.map(|entry| entry.row.id).collect()
        };
        let (old, new) = (planned(&self.phones[2]), planned(&fresh));
        assert_eq!(old, new, "seed {}", self.seed);
        for (record, into) in self.stored().await {
            assert!(
                into.is_none() || !new.contains(&record.id),
                "seed {}",
                self.seed
            );
        }
        let progress = |phone: &Phone| phone.core.progress(None).unwrap().households;
        assert_eq!(progress(&self.phones[2]), progress(&fresh));
    }
}
