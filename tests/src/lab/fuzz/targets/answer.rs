//! What the phone makes of a server's answers: a real core with its store,
//! behind a network that answers as the input says. The first byte says whether
//! the rest is an answer to a sync or a page of a snapshot, and whether pages
//! are made to fit the phone's cursors and signed again, and receipts to name
//! the phone's manifest.

use std::sync::{
    Arc, Mutex, PoisonError,
    atomic::{AtomicU32, Ordering},
};

use anyhow::{Context as _, ensure};
use async_trait::async_trait;
use bytes::Bytes;
use wangge_core::{
    Core, CoreConfig, StoreKey,
    sync::{CancelToken, Connector, Response, Sleeper, SyncStore as _, Transport, TransportError},
};
use wangge_model::{
    ActorId, CitizenIdPolicy, DeviceId, GridId, PersonId, ServerEpoch, Timestamp,
    protocol::{
        Algorithm, Decision, Digest, Directive, EnrolResponse, FeedEntry, FeedPage, Frame, Grants,
        GridGrant, Receipt, ReferenceNews, ReferenceSet, ReferenceStamp, RollOutcome, Roster,
        RosterCard, RosterPerson, RosterPlace, Session, Signature, SigningKey as _, SnapshotEntry,
        SnapshotPage, SoftwareKey, SyncRequest, SyncResponse, Verdict, VerdictRun, deflate,
        feed_page_message, from_cbor, open, reference_message, seal, to_cbor,
    },
    testing::{FakeClock, SeededEntropy},
};

use super::{Target, runtime, split};
use crate::workload::Workload;

const GRID: GridId = GridId::from_bytes([0x61; 16]);
const EPOCH: ServerEpoch = ServerEpoch::from_bytes([0xe0; 16]);
const NOW: Timestamp = Timestamp::from_millis(1_767_225_600_000);
/// The rest is a snapshot's page.
const SNAPSHOT: u8 = 1;
/// Pages continue the phone's cursors and are signed again.
const FITTING: u8 = 2;
/// The receipt names the phone's manifest and has a verdict for each item.
const RECEIPT: u8 = 4;
/// Phones are begun anew after so many inputs.
const PER_PHONE: u32 = 200;
/// Most requests of one sync; an honest one of this size needs six.
const MOST_REQUESTS: u32 = 200;

/// A network of one server, which says what the input says.
#[derive(Debug)]
struct Liar {
    key: SoftwareKey,
    input: Mutex<Vec<u8>>,
    requests: AtomicU32,
}

impl Liar {
    fn input(&self) -> Vec<u8> {
        let input = self.input.lock();
        input.unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// An honest answer without news, with a directive that makes the phone
    /// fetch the grid's snapshot again.
    fn quiet(request: &SyncRequest, directives: Vec<Directive>) -> SyncResponse {
        SyncResponse {
            server_epoch: EPOCH,
            time: NOW,
            receipt: request.manifest.as_ref().and_then(|signed| {
                let manifest = signed.decode().ok()?;
                Some(Receipt {
                    counter: manifest.counter,
                    manifest_digest: signed.digest().to_vec(),
                    verdicts: vec![VerdictRun {
                        count: manifest.count,
                        verdict: Verdict::Duplicate,
                    }],
                })
            }),
            pages: Vec::new(),
            grants: None,
            directives,
            decisions: None,
            reference: None,
            roster: None,
            roll_outcomes: None,
        }
    }

    fn answer(&self, request: &SyncRequest) -> Vec<u8> {
        let input = self.input();
        let (flags, rest) = split(&input);
        if flags & SNAPSHOT != 0 {
            let again = if self.requests.load(Ordering::SeqCst) == 0 {
                vec![Directive::Bootstrap { grid: GRID }]
            } else {
                Vec::new()
            };
            return seal(&Self::quiet(request, again));
        }
        let Ok(mut response) = from_cbor::<SyncResponse>(rest) else {
            return deflate(rest);
        };
        if flags & FITTING != 0 {
            for page in &mut response.pages {
                let cursor = request.cursors.iter().find(|one| one.grid == page.grid);
                if let Some(cursor) = cursor {
                    let places = page.to.wrapping_sub(page.after);
                    page.after = cursor.seq;
                    page.to = cursor.seq.wrapping_add(places);
                }
                let message = feed_page_message(&response.server_epoch, page);
                page.signature = self.key.sign(&message).ok();
            }
            for set in response
                .reference
                .iter_mut()
                .flat_map(|news| &mut news.sets)
            {
                let message =
                    reference_message(&response.server_epoch, &set.name, &set.node, &set.body);
                if let Ok(signature) = self.key.sign(&message) {
                    set.signature = signature;
                }
            }
        }
        if flags & RECEIPT != 0 {
            let honest = Self::quiet(request, Vec::new()).receipt;
            response.receipt = match (honest, response.receipt) {
                (Some(honest), Some(lie)) => Some(Receipt {
                    verdicts: lie
                        .verdicts
                        .into_iter()
                        .take(1)
                        .map(|run| VerdictRun {
                            count: u32::try_from(honest.count()).unwrap_or_default(),
                            ..run
                        })
                        .collect(),
                    ..honest
                }),
                (honest, _) => honest,
            };
        }
        seal(&response)
    }

    fn reply(&self, body: Vec<u8>) -> Result<Response, TransportError> {
        let requests = self.requests.fetch_add(1, Ordering::SeqCst);
        if requests >= MOST_REQUESTS {
            // Not transient: the phone stops here, and the target says so.
            return Err(TransportError::Address("the liar has had enough"));
        }
        Ok(Response {
            status: 200,
            bytes_up: 100,
            bytes_down: body.len() as u64,
            body: Bytes::from(body),
            retry_after_s: None,
        })
    }
}

#[derive(Debug)]
struct Network(Arc<Liar>);

impl Connector for Network {
    fn connect(
        &self,
        _server: &str,
        _pin: Option<[u8; 32]>,
    ) -> Result<Arc<dyn Transport>, TransportError> {
        Ok(Arc::new(Self(Arc::clone(&self.0))))
    }
}

#[async_trait]
impl Transport for Network {
    async fn post(
        &self,
        path: &str,
        _token: Option<&str>,
        body: Vec<u8>,
    ) -> Result<Response, TransportError> {
        let answer = if path == "/v1/session" {
            seal(&session())
        } else {
            let request = open::<SyncRequest>(&body)
                .map_err(|error| TransportError::Interrupted(error.to_string()))?;
            self.0.answer(&request)
        };
        self.0.reply(answer)
    }

    async fn get(&self, _path: &str, _token: Option<&str>) -> Result<Response, TransportError> {
        let input = self.0.input();
        let (flags, rest) = split(&input);
        let body = if flags & SNAPSHOT != 0 {
            deflate(rest)
        } else {
            seal(&SnapshotPage {
                grid: GRID,
                as_of: 0,
                entries: Vec::new(),
                next_after: None,
                total: 0,
                signature: None,
            })
        };
        self.0.reply(body)
    }
}

#[derive(Debug)]
struct NoSleep;

#[async_trait]
impl Sleeper for NoSleep {
    async fn sleep(&self, _duration: std::time::Duration) {}
}

fn session() -> Session {
    Session {
        token: "token".to_owned(),
        expires_at: NOW.plus_millis(1_000_000_000),
    }
}

fn grants(version: u64) -> Grants {
    Grants {
        lines: None,
        version,
        person: PersonId::from_bytes([0x9e; 16]),
        person_name: "王小明".to_owned(),
        grids: vec![GridGrant {
            grid: GRID,
            code: "3799990010010000001".to_owned(),
            name: "第一网格".to_owned(),
            place: "示例街道示例社区".to_owned(),
            role: "grid_worker".to_owned(),
        }],
    }
}

/// A phone with something to hand in.
fn phone(
    folder: &std::path::Path,
    liar: &Arc<Liar>,
    workload: &mut Workload,
) -> anyhow::Result<Core> {
    let entropy = Arc::new(SeededEntropy::new(5));
    let config = CoreConfig {
        directory: folder.to_path_buf(),
        key: StoreKey::make(entropy.as_ref()),
        device_key: Arc::new(SoftwareKey::make(entropy.as_ref())),
        clock: Arc::new(FakeClock::at(NOW)),
        entropy,
        citizen_id_policy: CitizenIdPolicy::Synthetic,
        app_version: "0.1.0".to_owned(),
        device_name: "test".to_owned(),
    };
    let network = Arc::new(Network(Arc::clone(liar)));
    let core = Core::open_with_network(config, network, Arc::new(NoSleep))?;
    let response = EnrolResponse {
        device: DeviceId::from_bytes([0xd1; 16]),
        person: PersonId::from_bytes([0x9e; 16]),
        person_name: "王小明".to_owned(),
        server_epoch: EPOCH,
        server_key: liar.key.public_key()?,
        time: NOW,
        session: session(),
        grants: grants(1),
    };
    core.store()
        .store_enrolment("http://127.0.0.1:1", None, &response)?;
    let record = workload.next_record()?;
    core.create_record(record.kind, GRID, &record.edits)?;
    Ok(core)
}

pub(super) struct Answer {
    runtime: tokio::runtime::Runtime,
    liar: Arc<Liar>,
    workload: Workload,
    core: Core,
    // After the core, so that it goes after it.
    folder: tempfile::TempDir,
    inputs: u32,
}

impl Answer {
    pub(super) fn new() -> anyhow::Result<Self> {
        let liar = Arc::new(Liar {
            key: SoftwareKey::from_bytes(&[0x42; 32])?,
            input: Mutex::default(),
            requests: AtomicU32::new(0),
        });
        let folder = tempfile::tempdir()?;
        let mut workload = Workload::new(13, NOW);
        let core = phone(&folder.path().join("0"), &liar, &mut workload)?;
        Ok(Self {
            runtime: runtime()?,
            liar,
            workload,
            core,
            folder,
            inputs: 0,
        })
    }
}

/// Records that come and go, and decisions on late edits.
fn moved_answer(entries: &[SnapshotEntry]) -> SyncResponse {
    let comes = entries.iter().map(|entry| FeedEntry::MovedIn {
        entry: Box::new(entry.clone()),
    });
    let goes = entries.iter().map(|entry| FeedEntry::MovedOut {
        record: entry.record,
        to: GridId::from_bytes([7; 16]),
        moves: 2,
    });
    let told: Vec<FeedEntry> = comes.chain(goes).collect();
    let decisions = entries.iter().zip(1..).map(|(entry, number)| Decision {
        number,
        record: entry.record,
        hash: wangge_model::ChangeHash::from_bytes([1; 32]),
        accepted: number == 1,
        reason: "不采用".to_owned(),
        grid: Some(GRID),
    });
    SyncResponse {
        server_epoch: EPOCH,
        time: NOW,
        receipt: None,
        pages: vec![FeedPage {
            grid: GRID,
            after: 0,
            to: told.len() as u64,
            entries: told,
            more: false,
            digest: None,
            signature: None,
        }],
        grants: None,
        directives: Vec::new(),
        decisions: Some(decisions.collect()),
        reference: None,
        roster: None,
        roll_outcomes: None,
    }
}

/// An answer that brings a set of visit rules, and names one that it does not; a
/// roster; and the outcome of an answer nobody gave.
fn with_reference() -> SyncResponse {
    let set = ReferenceSet {
        name: "visit_rules".to_owned(),
        node: GRID.into(),
        body: b"{\"moved_in_days\": 10}".to_vec(),
        signature: Signature {
            algorithm: Algorithm::EcdsaP256Sha256,
            bytes: vec![1; 64],
        },
    };
    let missing = ReferenceStamp {
        name: "campaign.1".to_owned(),
        node: GRID.into(),
        version: wangge_model::ReferenceVersion::from_bytes([3; 16]),
    };
    SyncResponse {
        server_epoch: EPOCH,
        time: NOW,
        receipt: None,
        pages: Vec::new(),
        grants: None,
        directives: Vec::new(),
        decisions: None,
        reference: Some(ReferenceNews {
            stamps: vec![missing, set.stamp()],
            sets: vec![set],
        }),
        roster: Some(Roster {
            places: vec![RosterPlace {
                node: GRID.into(),
                level: "grid".to_owned(),
                name: "第一网格".to_owned(),
                people: vec![RosterPerson {
                    name: "王网格".to_owned(),
                    role: "grid_head".to_owned(),
                    phone: "13800138000".to_owned(),
                }],
            }],
            card: Some(RosterCard {
                name: "李雷".to_owned(),
                ..RosterCard::default()
            }),
        }),
        roll_outcomes: Some(vec![RollOutcome {
            id: wangge_model::RequestId::from_bytes([4; 16]),
            is_accepted: false,
            code: "over".to_owned(),
            at: NOW,
        }]),
    }
}

impl Target for Answer {
    fn seeds(&mut self) -> anyhow::Result<Vec<Vec<u8>>> {
        let mut workload = Workload::new(14, NOW);
        let other = ActorId::from_bytes([9; 16]);
        let mut frames = Vec::new();
        let mut entries = Vec::new();
        for _ in 0..3 {
            let record = workload.next_authored(other)?;
            entries.push(record.snapshot_entry());
            frames.push(FeedEntry::Change {
                frame: Frame {
                    record: record.id,
                    record_epoch: 0,
                    kind: record.document.kind(),
                    hash: record.change.hash,
                    change: record.change.bytes,
                },
            });
        }
        let verdict = |verdict| {
            Some(Receipt {
                counter: 1,
                manifest_digest: vec![0; 32],
                verdicts: vec![VerdictRun { count: 1, verdict }],
            })
        };
        let page = |entries: Vec<FeedEntry>, more, digest| FeedPage {
            grid: GRID,
            after: 0,
            to: entries.len() as u64,
            entries,
            more,
            digest,
            signature: None,
        };
        let answer = |receipt, pages, grants, directives| SyncResponse {
            server_epoch: EPOCH,
            time: NOW,
            receipt,
            pages,
            grants,
            directives,
            decisions: None,
            reference: None,
            roster: None,
            roll_outcomes: None,
        };
        let lost = Verdict::MissingDeps {
            hashes: vec![wangge_model::ChangeHash::from_bytes([1; 32])],
        };
        let kept = Verdict::Quarantined {
            code: "field".to_owned(),
            detail: "contact.phone wrong_type".to_owned(),
        };
        let answers = [
            answer(
                verdict(Verdict::Accepted { first_seq: 1 }),
                vec![page(frames.clone(), false, Some(Digest::default()))],
                Some(grants(2)),
                vec![Directive::DigestMismatch { grid: GRID }],
            ),
            answer(verdict(lost), vec![page(frames, true, None)], None, vec![]),
            answer(verdict(kept), vec![], None, vec![Directive::Reoffer]),
            answer(verdict(Verdict::ActorFork), vec![], None, vec![]),
            answer(
                verdict(Verdict::Erased),
                vec![],
                None,
                vec![
                    Directive::GridLost { grid: GRID },
                    Directive::Upgrade {
                        minimum: "0.2.0".to_owned(),
                    },
                ],
            ),
        ];
        let mut seeds = Vec::new();
        let others = [moved_answer(&entries), with_reference()];
        for answer in answers.into_iter().chain(others) {
            let cbor = to_cbor(&answer);
            for flags in [0, FITTING, FITTING | RECEIPT] {
                seeds.push([&[flags], cbor.as_slice()].concat());
            }
        }
        for next_after in [None, entries.last().map(|entry| entry.record)] {
            let page = SnapshotPage {
                grid: GRID,
                as_of: 3,
                entries: entries.clone(),
                next_after,
                total: 3,
                signature: None,
            };
            seeds.push([&[SNAPSHOT], to_cbor(&page).as_slice()].concat());
        }
        Ok(seeds)
    }

    fn try_input(&mut self, input: &[u8]) -> anyhow::Result<String> {
        self.inputs += 1;
        if self.inputs.is_multiple_of(PER_PHONE) {
            let folder = self.folder.path().join(self.inputs.to_string());
            self.core = phone(&folder, &self.liar, &mut self.workload)?;
        }
        input.clone_into(
            &mut self
                .liar
                .input
                .lock()
                .unwrap_or_else(PoisonError::into_inner),
        );
        self.liar.requests.store(0, Ordering::SeqCst);
        let before = self.core.store().list_record_ids()?.len();
        let sync = self.core.sync(Arc::new(()), CancelToken::new());
        let result = self.runtime.block_on(sync);
        ensure!(
            self.liar.requests.load(Ordering::SeqCst) <= MOST_REQUESTS,
            "the sync does not end"
        );
        // Whatever the server says: the store is whole, and can be worked with.
        for (stored, summed) in self.core.store().check_digests()? {
            ensure!(
                stored == summed,
                "a grid's digest is not that of its records"
            );
        }
        let counts = self.core.count_states().context("counting")?;
        let after = self.core.store().list_record_ids()?.len();
        Ok(match result {
            Ok(report) => format!("{report} more {}", after > before),
            Err(error) => format!("{error} attention {}", counts.needs_attention > 0),
        })
    }
}
