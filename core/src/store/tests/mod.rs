//! Tests of the store as a whole, against a server that fits on one page: real
//! documents, the real guard, the promises of the protocol.

mod clocks;
mod convergence;
mod disks;
mod duplicates;
mod exchange;
mod faults;
mod forms;
mod hazards;
mod journal;
mod lists;
mod merges;
mod moves;
mod open;
mod people;
mod plan;
mod processes;
mod quiz;
mod records;
mod rescue;
mod saves;
mod work;

use std::{collections::BTreeMap, sync::Arc};

use tempfile::TempDir;
use wangge_model::{
    ActorId, CitizenIdPolicy, DeviceId, FieldPath, FieldValue, GridId, PersonId, RecordId,
    RecordKind, ServerEpoch, Timestamp, derive_device_actor,
    document::{FieldEdit, RecordDocument},
    guard::{self, GuardError, Writer},
    protocol::{
        Algorithm, Digest, Directive, EnrolResponse, FeedEntry, FeedPage, Frame, Grants,
        GridDigest, GridGrant, Manifest, PublicKey, PushItem, Receipt, Session, SignedManifest,
        SnapshotEntry, SnapshotPage, SoftwareKey, Verdict, items_digest, record_fingerprint,
    },
    testing::{FakeClock, SeededEntropy},
};

use crate::{
    Core, CoreConfig, StoreKey,
    sync::{Answer, Applied, Push, SyncStore},
};

const START: i64 = 1_767_225_600_000;

fn grid(number: u8) -> GridId {
    GridId::from_bytes([number; 16])
}

fn set(path: &str, text: &str) -> FieldEdit {
    FieldEdit::set(FieldPath::new(path).unwrap(), FieldValue::text(text))
}

fn path(text: &str) -> FieldPath {
    FieldPath::new(text).unwrap()
}

/// One phone with its files.
struct Phone {
    directory: TempDir,
    number: u8,
    clock: Arc<FakeClock>,
    core: Option<Core>,
}

impl Phone {
    fn new(number: u8) -> Self {
        let mut phone = Self {
            directory: tempfile::tempdir().unwrap(),
            number,
            clock: Arc::new(FakeClock::at(Timestamp::from_millis(START))),
            core: None,
        };
        phone.open(u64::from(number));
        phone
    }

    /// A phone that works in these grids and has read them up to nothing.
    fn enrolled(number: u8, grids: &[u8]) -> Self {
        let phone = Self::new(number);
        phone.enrol(number, grids);
        phone
    }

    fn config(&self, seed: u64) -> CoreConfig {
        let entropy = Arc::new(SeededEntropy::new(seed));
        CoreConfig {
            directory: self.directory.path().to_owned(),
            key: StoreKey::from_bytes([self.number; 32]),
            clock: Arc::<FakeClock>::clone(&self.clock),
            device_key: Arc::new(SoftwareKey::make(entropy.as_ref())),
            entropy,
            citizen_id_policy: CitizenIdPolicy::Synthetic,
            app_version: "0.1.0".to_owned(),
            device_name: format!("phone {number}", number = self.number),
        }
    }

    fn open(&mut self, seed: u64) {
        self.core = None;
        self.core = Some(Core::open(self.config(seed)).unwrap());
    }

    fn enrol(&self, device: u8, grids: &[u8]) {
        let response = EnrolResponse {
            device: DeviceId::from_bytes([device; 16]),
            person: PersonId::from_bytes([self.number; 16]),
            person_name: "王小明".to_owned(),
            server_epoch: Hub::first_epoch(),
            server_key: PublicKey {
                algorithm: Algorithm::EcdsaP256Sha256,
                bytes: vec![4; 65],
            },
            time: Timestamp::from_millis(START),
            session: Session {
                token: "token".to_owned(),
                expires_at: Timestamp::from_millis(START + 1),
            },
            grants: Grants {
                person: PersonId::from_bytes([self.number; 16]),
                ..grants(1, grids)
            },
        };
        self.store()
            .store_enrolment("http://127.0.0.1:1", None, &response)
            .unwrap();
    }

    fn core(&self) -> &Core {
        self.core.as_ref().unwrap()
    }

    fn store(&self) -> &super::Store {
        &self.core().store
    }

    fn household(&self, number: u8, title: &str) -> RecordId {
        self.tick();
        self.core()
            .create_record(
                RecordKind::Household,
                grid(number),
                &[
                    set("address.detail", title),
                    set("contact.phone", "13800138000"),
                ],
            )
            .unwrap()
    }

    fn edit(&self, id: RecordId, field: &str, text: &str) {
        self.tick();
        self.core().edit_record(id, &[set(field, text)]).unwrap();
    }

    fn tick(&self) {
        self.clock.advance_millis(1_000);
    }

    fn text(&self, id: RecordId, field: &str) -> Option<String> {
        self.store().find_document(id).unwrap().unwrap().text(field)
    }

    fn check(&self) {
        for (stored, summed) in self.store().check_digests().unwrap() {
            assert_eq!(stored, summed, "a digest went wrong");
        }
        assert_eq!(
            self.store().rebuild_projections().unwrap(),
            0,
            "a list row went wrong"
        );
    }
}

fn grants(version: u64, grids: &[u8]) -> Grants {
    Grants {
        lines: None,
        version,
        person: PersonId::from_bytes([9; 16]),
        person_name: "王小明".to_owned(),
        grids: grids
            .iter()
            .map(|number| GridGrant {
                grid: grid(*number),
                code: format!("370102001001{number:07}"),
                name: format!("第{number}网格"),
                place: "千佛山街道".to_owned(),
                role: "grid_worker".to_owned(),
            })
            .collect(),
    }
}

/// A server: every record's document, and a feed per grid.
#[derive(Clone)]
struct Hub {
    epoch: ServerEpoch,
    records: BTreeMap<RecordId, (GridId, RecordDocument)>,
    feeds: BTreeMap<GridId, Vec<(DeviceId, Frame)>>,
    /// Refuses whatever writes this text.
    refuses: Option<String>,
    directives: Vec<Directive>,
}

impl Hub {
    fn first_epoch() -> ServerEpoch {
        ServerEpoch::from_bytes([1; 16])
    }

    fn new() -> Self {
        Self {
            epoch: Self::first_epoch(),
            records: BTreeMap::new(),
            feeds: BTreeMap::new(),
            refuses: None,
            directives: Vec::new(),
        }
    }

    fn head(&self, grid: GridId) -> u64 {
        self.feeds.get(&grid).map_or(0, |feed| feed.len() as u64)
    }

    fn digest(&self, grid: GridId) -> Digest {
        let mut digest = GridDigest::default();
        for (id, (home, document)) in &self.records {
            if *home == grid {
                digest.replace(id, None, Some(record_fingerprint(id, 0, &document.heads())));
            }
        }
        digest.total()
    }

    fn judge(&mut self, device: DeviceId, actor: ActorId, item: &PushItem) -> Verdict {
        let change = match guard::inspect(&item.hash, &item.change) {
            Ok(change) => change,
            Err(error) => return quarantined(&error),
        };
        let (home, document) = self.records.get(&item.record).map_or_else(
            || (item.grid, RecordDocument::new(item.kind)),
            |(grid, document)| (*grid, document.clone()),
        );
        if document.has_change(&item.hash) {
            return Verdict::Duplicate;
        }
        match document.admit(&change, Writer::Device(actor)) {
            Err(GuardError::MissingDeps(hashes)) => Verdict::MissingDeps { hashes },
            Err(GuardError::ActorFork(_)) => Verdict::ActorFork,
            Err(error) => quarantined(&error),
            Ok(admitted) => {
                let refused = self.refuses.as_ref().is_some_and(|word| {
                    let wrote = |document: &RecordDocument| {
                        document
                            .fields()
                            .iter()
                            .any(|(_, value)| value.as_text() == Some(word))
                    };
                    wrote(&admitted) && !wrote(&document)
                });
                if refused {
                    return Verdict::Quarantined {
                        code: "field".to_owned(),
                        detail: "address.room not_a_choice".to_owned(),
                    };
                }
                self.records.insert(item.record, (home, admitted));
                let feed = self.feeds.entry(home).or_default();
                feed.push((
                    device,
                    Frame {
                        record: item.record,
                        record_epoch: item.record_epoch,
                        kind: item.kind,
                        hash: item.hash,
                        change: item.change.clone(),
                    },
                ));
                Verdict::Accepted {
                    first_seq: feed.len() as u64,
                }
            }
        }
    }

    /// Judges a push; the answer may or may not arrive.
    fn receive(&mut self, phone: &Phone, push: &Push) -> Receipt {
        let signed = sign(phone, push);
        phone.store().store_manifest(push, &signed).unwrap();
        let device = phone.store().find_enrolment().unwrap().unwrap().device;
        let actor = derive_device_actor(&device, &push.incarnation);
        let verdicts: Vec<Verdict> = push
            .items
            .iter()
            .map(|item| self.judge(device, actor, item))
            .collect();
        Receipt {
            counter: push.counter,
            manifest_digest: signed.digest().to_vec(),
            verdicts: Receipt::runs(verdicts),
        }
    }

    fn pages(&self, phone: &Phone) -> Vec<FeedPage> {
        let device = phone.store().find_enrolment().unwrap().unwrap().device;
        phone
            .store()
            .position()
            .unwrap()
            .cursors
            .iter()
            .map(|cursor| {
                let feed = self.feeds.get(&cursor.grid).map_or(&[][..], Vec::as_slice);
                let entries = feed
                    .iter()
                    .skip(usize::try_from(cursor.seq).unwrap())
                    .map(|(author, frame)| {
                        if *author == device {
                            FeedEntry::Yours {
                                record: frame.record,
                                hash: frame.hash,
                            }
                        } else {
                            FeedEntry::Change {
                                frame: frame.clone(),
                            }
                        }
                    })
                    .collect();
                FeedPage {
                    grid: cursor.grid,
                    after: cursor.seq,
                    to: self.head(cursor.grid),
                    entries,
                    more: false,
                    digest: Some(self.digest(cursor.grid)),
                    signature: None,
                }
            })
            .collect()
    }

    fn answer(&self, phone: &Phone, receipt: Option<&Receipt>, pages: &[FeedPage]) -> Applied {
        phone
            .store()
            .apply_answer(&Answer {
                server_epoch: self.epoch,
                time: Timestamp::from_millis(START),
                receipt,
                pages,
                grants: None,
                directives: &self.directives,
                decisions: &[],
                reference: None,
                roster: None,
                roll_outcomes: &[],
            })
            .unwrap()
    }

    fn snapshot(&self, grid: GridId, after: Option<RecordId>, size: usize) -> SnapshotPage {
        let mut entries: Vec<SnapshotEntry> = self
            .records
            .iter()
            .filter(|(id, (home, _))| *home == grid && after.is_none_or(|after| **id > after))
            .take(size + 1)
            .map(|(id, (_, document))| SnapshotEntry {
                moves: None,
                record: *id,
                record_epoch: 0,
                kind: document.kind(),
                heads: document.heads(),
                document: document.save(),
                summary: document.summary(),
            })
            .collect();
        let more = entries.len() > size;
        entries.truncate(size);
        SnapshotPage {
            signature: None,
            grid,
            as_of: self.head(grid),
            next_after: entries.last().filter(|_| more).map(|entry| entry.record),
            entries,
            total: 0,
        }
    }

    fn bootstrap(&self, phone: &Phone) {
        for fetch in phone.store().position().unwrap().bootstraps {
            let mut after = fetch.after;
            loop {
                let page = self.snapshot(fetch.grid, after, 3);
                phone.store().apply_snapshot(&page).unwrap();
                after = page.next_after;
                if after.is_none() {
                    break;
                }
            }
        }
    }

    /// A whole sync; compares digests at the end as the real one does.
    fn sync(&mut self, phone: &Phone) -> Applied {
        let mut total = Applied::default();
        let mut add = |applied: Applied| {
            total.receipted += applied.receipted;
            total.refused += applied.refused;
            total.pulled += applied.pulled;
            total.rejected += applied.rejected;
            total.new_conflicts += applied.new_conflicts;
        };
        for round in 0..60 {
            assert!(round < 59, "a sync does not end");
            let push = phone.store().next_push(4, 1 << 20).unwrap();
            let pushed = push.is_some();
            let receipt = push.map(|push| self.receive(phone, &push));
            let forked = receipt
                .iter()
                .flat_map(Receipt::each)
                .any(|verdict| verdict == Verdict::ActorFork);
            let pages = self.pages(phone);
            add(self.answer(phone, receipt.as_ref(), &pages));
            self.directives.clear();
            if forked {
                phone.store().rotate_incarnation().unwrap();
            }
            let fetching = !phone.store().position().unwrap().bootstraps.is_empty();
            self.bootstrap(phone);
            if !pushed && !fetching {
                break;
            }
        }
        for cursor in phone.store().position().unwrap().cursors {
            assert_eq!(
                cursor.digest,
                self.digest(cursor.grid),
                "the digests differ"
            );
        }
        phone
            .store()
            .store_synced_at(Timestamp::from_millis(START))
            .unwrap();
        phone.check();
        total
    }
}

fn quarantined(error: &GuardError) -> Verdict {
    Verdict::Quarantined {
        code: error.code().to_owned(),
        detail: error.detail(),
    }
}

fn sign(phone: &Phone, push: &Push) -> SignedManifest {
    if let Some(signed) = &push.signed {
        return signed.clone();
    }
    let enrolment = phone.store().find_enrolment().unwrap().unwrap();
    let manifest = Manifest {
        device: enrolment.device,
        incarnation: push.incarnation,
        server_epoch: enrolment.server_epoch,
        counter: push.counter,
        count: u32::try_from(push.items.len()).unwrap(),
        items_digest: items_digest(&push.items).to_vec(),
        blobs: Vec::new(),
    };
    let key = SoftwareKey::make(&SeededEntropy::new(u64::from(phone.number)));
    SignedManifest::sign(&manifest, &key).unwrap()
}

/// Both phones hold exactly the same.
fn assert_same(one: &Phone, two: &Phone) {
    assert_eq!(
        one.store().list_record_ids().unwrap(),
        two.store().list_record_ids().unwrap()
    );
    for id in one.store().list_record_ids().unwrap() {
        assert_eq!(
            one.store().canonical_state(id).unwrap(),
            two.store().canonical_state(id).unwrap()
        );
    }
}
