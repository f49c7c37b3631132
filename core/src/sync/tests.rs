//! The machine against a fake server, over sealed bodies: what a sync does
//! when everything works, and that nothing is lost when it does not.

mod reference;

use std::collections::{BTreeSet, VecDeque};
use std::sync::Arc;

use wangge_model::{
    Entropy, Incarnation,
    protocol::{
        Digest, FeedEntry, MEDIA_TYPE, Problem, ProblemCode, SoftwareKey, SyncResponse, Verdict,
        open, seal, snapshot_path,
    },
    testing::SeededEntropy,
};

use super::{
    SyncError, SyncReport, SyncStore, TransportError,
    machine::{Action, Event, Machine},
    testing::{FakeServer, ItemState, MemoryStore, NOW, enrolled, grid, record, refusal},
};

/// What the network does to one request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Fault {
    /// Nothing.
    None,
    /// It never arrives.
    NotSent,
    /// It arrives, its answer does not.
    AnswerLost,
    /// It arrives twice; the second answer comes back.
    Twice,
}

struct World {
    server: FakeServer,
    store: Arc<MemoryStore>,
    key: Arc<SoftwareKey>,
    faults: VecDeque<Fault>,
    waits: Vec<u64>,
    /// Sizes of the last request's and answer's bodies.
    last_sizes: (usize, usize),
}

impl World {
    /// An enrolled phone that has synced once.
    fn synced() -> Self {
        let mut world = Self::enrolled(FakeServer::new(&[grid(1)]));
        world.sync().unwrap();
        world.server.log.clear();
        world
    }

    fn enrolled(mut server: FakeServer) -> Self {
        let (store, key) = enrolled(&mut server);
        Self {
            server,
            store,
            key,
            faults: VecDeque::new(),
            waits: Vec::new(),
            last_sizes: (0, 0),
        }
    }

    fn sync(&mut self) -> Result<SyncReport, SyncError> {
        let mut machine = Machine::new(
            "0.1.0",
            Arc::<SoftwareKey>::clone(&self.key),
            Arc::new(SeededEntropy::new(5)),
        );
        let mut event = Event::Start;
        for _ in 0..100_000 {
            let action = machine.step(self.store.as_ref(), NOW, event)?;
            let token = machine.token().map(str::to_owned);
            let token = token.as_deref();
            event = match action {
                Action::Done => return Ok(machine.report().clone()),
                Action::Wait { millis } => {
                    self.waits.push(millis);
                    Event::Waited
                }
                Action::OpenSession(request) => self
                    .call("POST", "/v1/session", None, &seal(&request))
                    .map_or_else(|event| event, |body| Event::Session(open(&body).unwrap())),
                Action::Exchange(request) => self
                    .call("POST", "/v1/sync", token, &seal(&*request))
                    .map_or_else(|event| event, |body| Event::Answer(open(&body).unwrap())),
                Action::GiveBack(request) => self
                    .call("POST", "/v1/give-back", token, &seal(&*request))
                    .map_or_else(|event| event, |body| Event::GivenBack(open(&body).unwrap())),
                Action::FetchSnapshot { grid, as_of, after } => {
                    let path = snapshot_path(&grid, as_of, after.as_ref());
                    self.call("GET", &path, token, &[])
                        .map_or_else(|event| event, |body| Event::Snapshot(open(&body).unwrap()))
                }
            };
        }
        panic!("the machine does not end");
    }

    fn call(
        &mut self,
        method: &str,
        path: &str,
        token: Option<&str>,
        body: &[u8],
    ) -> Result<Vec<u8>, Event> {
        let fault = self.faults.pop_front().unwrap_or(Fault::None);
        if fault == Fault::NotSent {
            return Err(Event::Failed(TransportError::Connect("test".to_owned())));
        }
        if fault == Fault::Twice {
            self.server.handle(method, path, token, body);
        }
        let (status, answer) = self.server.handle(method, path, token, body);
        if fault == Fault::AnswerLost {
            return Err(Event::Failed(TransportError::Interrupted(
                "test".to_owned(),
            )));
        }
        self.last_sizes = (body.len(), answer.len());
        if status == 200 {
            Ok(answer)
        } else {
            Err(Event::Refused(Box::new(open::<Problem>(&answer).unwrap())))
        }
    }

    fn assert_equal(&self) {
        assert_eq!(self.store.texts(grid(1)), self.server.texts(grid(1)));
    }
}

fn set(texts: &[&str]) -> BTreeSet<String> {
    texts.iter().map(|text| (*text).to_owned()).collect()
}

fn code_of(error: &SyncError) -> String {
    error.code().to_owned()
}

#[test]
fn a_phone_that_is_not_enrolled_says_so() {
    let mut world = World::synced();
    world.store = Arc::new(MemoryStore::new());
    assert_eq!(code_of(&world.sync().unwrap_err()), "not_enrolled");
}

#[test]
fn the_first_sync_pushes_then_fetches_then_reads_on() {
    let mut world = World::enrolled(FakeServer::new(&[grid(1), grid(2)]));
    for number in 1..=5 {
        world
            .server
            .insert(grid(1), record(number), &format!("theirs {number}"));
    }
    world.server.snapshot_records = 2;
    world.store.edit(grid(2), record(9), "mine");
    let report = world.sync().unwrap();
    assert_eq!(
        (report.receipted, report.snapshots, report.pulled),
        (1, 2, 6)
    );
    // One push, three pages, one page, one exchange at the end.
    assert_eq!(report.round_trips, 6);
    assert_eq!(world.store.texts(grid(1)).len(), 5);
    assert_eq!(world.store.texts(grid(2)), set(&["mine"]));
    assert_eq!(world.store.synced_at(), Some(NOW));
}

#[test]
fn nothing_changed_is_one_small_round_trip() {
    // Ids, epoch and digest as random as real ones: they must not compress.
    let entropy = SeededEntropy::new(12);
    let random_grid = {
        let mut bytes = [0; 16];
        entropy.fill(&mut bytes);
        wangge_model::GridId::from_bytes(bytes)
    };
    let mut server = FakeServer::new(&[random_grid]);
    server.epoch = wangge_model::ServerEpoch::make(&entropy);
    server.grants_version = 70_000;
    for number in 0..100 {
        server.insert(random_grid, record(number), "theirs");
    }
    let mut world = World::enrolled(server);
    world.sync().unwrap();
    world.server.log.clear();
    let report = world.sync().unwrap();
    assert_eq!(report.round_trips, 1);
    assert_eq!(world.server.log, ["POST /v1/sync"]);
    let (up, down) = world.last_sizes;
    let request_head = format!(
        "POST /v1/sync HTTP/1.1\r\nhost: 192.168.100.100:65535\r\nauthorization: Bearer {}\r\n\
         content-type: {MEDIA_TYPE}\r\naccept: */*\r\ncontent-length: {up}\r\n\r\n",
        "x".repeat(43)
    );
    let answer_head = format!(
        "HTTP/1.1 200 OK\r\ncontent-type: {MEDIA_TYPE}\r\ncontent-length: {down}\r\n\
         date: Thu, 01 Jan 2026 00:00:00 GMT\r\nx-request-id: {}\r\n\r\n",
        "x".repeat(36)
    );
    let (up, down) = (up + request_head.len(), down + answer_head.len());
    println!("unchanged: {up} bytes up, {down} bytes down");
    assert!(up <= 400, "{up} bytes up");
    assert!(down <= 400, "{down} bytes down");
}

#[test]
fn pushing_and_pulling_share_one_round_trip() {
    let mut world = World::synced();
    world.server.insert(grid(1), record(1), "theirs");
    world.store.edit(grid(1), record(2), "mine");
    let report = world.sync().unwrap();
    assert_eq!(
        (report.round_trips, report.receipted, report.pulled),
        (1, 1, 1)
    );
    world.assert_equal();
    assert_eq!(world.sync().unwrap().round_trips, 1, "nothing is left");
}

#[test]
fn long_outboxes_and_long_feeds_go_in_pages() {
    let mut world = World::synced();
    world.server.page_places = 10;
    for number in 0..45 {
        world.server.insert(grid(1), record(number), "theirs");
    }
    for number in 0..2_100 {
        world
            .store
            .edit(grid(1), record(200), &format!("mine {number}"));
    }
    let report = world.sync().unwrap();
    assert_eq!(world.server.pushes, [2_000, 100]);
    assert_eq!(report.receipted, 2_100);
    assert_eq!(report.waiting, 0);
    world.assert_equal();
}

#[test]
fn a_lost_answer_costs_a_repetition_and_nothing_else() {
    for fault in [Fault::NotSent, Fault::AnswerLost, Fault::Twice] {
        let mut world = World::synced();
        world.store.edit(grid(1), record(1), "mine");
        world.faults = VecDeque::from([fault]);
        let report = world.sync().unwrap();
        assert_eq!(report.receipted, 1, "{fault:?}");
        assert_eq!(world.server.texts(grid(1)), set(&["mine"]), "{fault:?}");
        assert_eq!(world.store.states(), [ItemState::Receipted], "{fault:?}");
        world.assert_equal();
        let pushed_once = world.server.pushes == [1];
        assert!(pushed_once, "{fault:?}: {:?}", world.server.pushes);
    }
}

#[test]
fn the_manifest_is_kept_over_a_restart_and_sent_again_unchanged() {
    let mut world = World::synced();
    world.store.edit(grid(1), record(1), "before");
    world.faults = VecDeque::from([Fault::AnswerLost; 4]);
    assert_eq!(code_of(&world.sync().unwrap_err()), "offline");
    assert_eq!(world.waits.len(), 3);
    // The app is killed; another edit follows.
    world.store.edit(grid(1), record(1), "after");
    let report = world.sync().unwrap();
    assert_eq!(report.receipted, 2);
    assert_eq!(world.server.pushes, [1, 1]);
    world.assert_equal();
}

#[test]
fn random_faults_lose_nothing() {
    for seed in 0..30_u64 {
        let entropy = SeededEntropy::new(seed);
        let mut world = World::enrolled(FakeServer::new(&[grid(1), grid(2)]));
        world.server.page_places = 3;
        world.server.snapshot_records = 2;
        let mut expected = 0;
        for round in 0..12_u8 {
            let mut dice = [0_u8; 16];
            entropy.fill(&mut dice);
            for edit in 0..dice[0] % 5 {
                let text = format!("mine {round} {edit}");
                world
                    .store
                    .edit(grid(1 + dice[1] % 2), record(dice[2] % 9), &text);
                expected += 1;
            }
            for edit in 0..dice[3] % 5 {
                let text = format!("theirs {round} {edit}");
                world
                    .server
                    .insert(grid(1 + dice[4] % 2), record(dice[5] % 9), &text);
                expected += 1;
            }
            if dice[6].is_multiple_of(5) {
                world.server.forget_session();
            }
            world.faults = dice[8..]
                .iter()
                .map(|die| match die % 8 {
                    0 | 1 => Fault::AnswerLost,
                    2 => Fault::NotSent,
                    3 => Fault::Twice,
                    _ => Fault::None,
                })
                .collect();
            let _ = world.sync();
        }
        world.faults.clear();
        world
            .sync()
            .unwrap_or_else(|error| panic!("seed {seed}: {error}"));
        let mut total = 0;
        for number in [1, 2] {
            let texts = world.store.texts(grid(number));
            assert_eq!(
                texts,
                world.server.texts(grid(number)),
                "seed {seed}, grid {number}"
            );
            total += texts.len();
        }
        assert_eq!(total, expected, "seed {seed}");
    }
}

#[test]
fn an_unreachable_server_is_tried_four_times() {
    let mut world = World::synced();
    world.faults = VecDeque::from([Fault::NotSent; 10]);
    let error = world.sync().unwrap_err();
    assert!(matches!(error, SyncError::Offline(_)));
    assert!(error.is_transient());
    assert_eq!(world.faults.len(), 6);
    assert!(
        world.waits.iter().all(|wait| *wait <= 4_000),
        "{:?}",
        world.waits
    );
}

#[test]
fn a_missing_session_is_opened_by_answering_the_challenge() {
    let mut world = World::synced();
    world.store.forget_session();
    world.store.edit(grid(1), record(1), "mine");
    let report = world.sync().unwrap();
    assert_eq!(
        world.server.log,
        ["POST /v1/sync", "POST /v1/session", "POST /v1/sync"]
    );
    assert_eq!((report.round_trips, report.receipted), (3, 1));
}

#[test]
fn a_phone_whose_clock_runs_ahead_still_pushes() {
    let mut world = World::synced();
    world.store.expire_session(NOW.plus_millis(-1));
    world.store.edit(grid(1), record(1), "mine");
    // The server knows better than the phone's clock: the session holds.
    let report = world.sync().unwrap();
    assert_eq!(world.server.log, ["POST /v1/sync", "POST /v1/sync"]);
    assert_eq!((report.receipted, report.waiting), (1, 0));
}

#[test]
fn a_server_that_never_lets_in_ends_the_sync() {
    let mut world = World::synced();
    world.server.refuse = (0..100)
        .map(|_| Problem {
            challenge: Some(vec![1]),
            last_counter: None,
            ..refusal(ProblemCode::SessionRequired)
        })
        .collect();
    assert_eq!(code_of(&world.sync().unwrap_err()), "session_refused");
    let mut world = World::synced();
    world
        .server
        .refuse
        .push_back(refusal(ProblemCode::DeviceRevoked));
    assert_eq!(code_of(&world.sync().unwrap_err()), "device_revoked");
}

#[test]
fn a_server_that_speaks_no_such_version_leaves_everything_on_the_phone() {
    let mut world = World::synced();
    world.store.edit(grid(1), record(1), "mine");
    for _ in 0..3 {
        let refused = refusal(ProblemCode::ProtocolUnsupported);
        world.server.refuse.push_back(refused);
        let error = world.sync().unwrap_err();
        assert_eq!(code_of(&error), "protocol_unsupported");
        assert!(!error.is_transient(), "somebody has to update something");
        assert_eq!(world.store.count_pending().unwrap(), 1);
    }
    // Once it does, the same manifest goes out.
    let report = world.sync().unwrap();
    assert_eq!((report.receipted, report.waiting), (1, 0));
    world.assert_equal();
}

#[test]
fn a_busy_server_is_given_the_time_it_asks_for() {
    let mut world = World::synced();
    let busy = Problem {
        retry_after_s: Some(7),
        ..refusal(ProblemCode::Unavailable)
    };
    world.server.refuse.push_back(busy.clone());
    world.sync().unwrap();
    assert!(
        (7_000..=7_500).contains(&world.waits[0]),
        "{:?}",
        world.waits
    );
    world.server.refuse.push_back(Problem {
        retry_after_s: Some(600),
        ..busy
    });
    let error = world.sync().unwrap_err();
    assert_eq!(error.code(), "unavailable");
    assert!(error.is_transient());
}

#[test]
fn a_restored_server_gets_everything_back() {
    let mut world = World::synced();
    for number in 0..3 {
        world
            .store
            .edit(grid(1), record(number), &format!("mine {number}"));
        world.sync().unwrap();
    }
    world.store.edit(grid(1), record(5), "unsent");
    world.server.restore(1);
    let report = world.sync().unwrap();
    assert_eq!(report.receipted, 4);
    assert_eq!(
        world.server.texts(grid(1)),
        set(&["mine 0", "mine 1", "mine 2", "unsent"])
    );
    world.assert_equal();
    assert_eq!(world.sync().unwrap().round_trips, 1);
}

#[test]
fn a_manifest_signed_for_a_restored_server_is_packed_anew() {
    let mut world = World::synced();
    world.store.edit(grid(1), record(1), "mine");
    world.faults = VecDeque::from([Fault::NotSent; 4]);
    world.sync().unwrap_err();
    world.server.restore(0);
    assert_eq!(world.sync().unwrap().receipted, 1);
    world.assert_equal();
}

#[test]
fn a_phone_restored_from_a_backup_leaves_used_counters_behind() {
    let mut world = World::synced();
    for number in 0..5 {
        world
            .store
            .edit(grid(1), record(number), &format!("mine {number}"));
        world.sync().unwrap();
    }
    world.store.set_counter(1);
    world.store.edit(grid(1), record(7), "after the restore");
    let report = world.sync().unwrap();
    assert_eq!(report.receipted, 1);
    world.assert_equal();
}

#[test]
fn a_phone_whose_twin_had_a_clock_far_ahead_leaps_over_its_counter() {
    let mut world = World::synced();
    let year_ahead = NOW.as_millis().unsigned_abs() + 365 * 86_400_000;
    world.server.twin_counted_to(year_ahead);
    world.store.edit(grid(1), record(7), "mine");
    let report = world.sync().unwrap();
    assert_eq!((report.receipted, report.round_trips), (1, 2));
    // And from there on it counts by itself.
    world.store.edit(grid(1), record(8), "more");
    let report = world.sync().unwrap();
    assert_eq!((report.receipted, report.round_trips), (1, 1));
    world.assert_equal();
}

#[test]
fn a_server_that_does_not_say_how_far_it_counted_is_met_with_the_clock() {
    let mut world = World::synced();
    world.server.tells_counter = false;
    world.server.twin_counted_to(900);
    world.store.edit(grid(1), record(7), "mine");
    assert_eq!(world.sync().unwrap().receipted, 1);
    world.assert_equal();
}

#[test]
fn a_forked_actor_is_left_behind_and_its_edits_made_again() {
    let mut world = World::synced();
    world.server.forked.insert(Incarnation::from_bytes([1; 16]));
    world.store.edit(grid(1), record(1), "mine");
    let report = world.sync().unwrap();
    assert_eq!(report.receipted, 1);
    assert_eq!(world.server.texts(grid(1)), set(&["mine"]));
    // A server that calls every life a fork does not go round for ever.
    for life in 0..20 {
        world
            .server
            .forked
            .insert(Incarnation::from_bytes([life; 16]));
    }
    world.store.edit(grid(1), record(2), "again");
    assert_eq!(code_of(&world.sync().unwrap_err()), "too_many_rounds");
    assert_eq!(world.store.count_pending().unwrap(), 1);
}

#[test]
fn one_bad_item_does_not_stop_the_rest() {
    let mut world = World::synced();
    let quarantined = Verdict::Quarantined {
        code: "field".to_owned(),
        detail: "address.room".to_owned(),
    };
    world.server.verdicts.insert("bad".to_owned(), quarantined);
    for text in ["one", "bad", "two"] {
        world.store.edit(grid(1), record(1), text);
    }
    let report = world.sync().unwrap();
    assert_eq!(
        (report.receipted, report.refused, report.waiting),
        (2, 1, 0)
    );
    assert_eq!(
        world.store.states(),
        [
            ItemState::Receipted,
            ItemState::Refused,
            ItemState::Receipted
        ]
    );
}

#[test]
fn items_that_never_find_their_dependencies_do_not_go_round_for_ever() {
    let mut world = World::synced();
    world.server.verdicts.insert(
        "orphan".to_owned(),
        Verdict::MissingDeps { hashes: Vec::new() },
    );
    world.store.edit(grid(1), record(1), "orphan");
    let report = world.sync().unwrap();
    assert_eq!((report.receipted, report.waiting), (0, 1));
    assert_eq!(world.server.pushes, [1, 1]);
}

#[test]
fn a_push_that_is_too_much_is_halved_until_it_fits() {
    let mut world = World::synced();
    world.server.max_items = 30;
    for number in 0..100 {
        world
            .store
            .edit(grid(1), record(1), &format!("mine {number}"));
    }
    assert_eq!(world.sync().unwrap().receipted, 100);
    assert_eq!(world.server.pushes, [25, 25, 25, 25]);
}

#[test]
fn a_phone_whose_quarantine_is_full_still_reads() {
    let mut world = World::synced();
    world.server.insert(grid(1), record(1), "theirs");
    world.store.edit(grid(1), record(2), "mine");
    world
        .server
        .refuse
        .push_back(refusal(ProblemCode::QuarantineFull));
    assert_eq!(code_of(&world.sync().unwrap_err()), "quarantine_full");
    assert_eq!(world.store.texts(grid(1)), set(&["theirs"]));
    assert_eq!(world.store.states(), [ItemState::Waiting]);
    world.sync().unwrap();
    world.assert_equal();
}

#[test]
fn damage_on_the_phone_is_noticed_and_healed_once() {
    let mut world = World::synced();
    world.server.insert(grid(1), record(1), "theirs");
    world.sync().unwrap();
    world.store.lose_record(grid(1), record(1));
    let report = world.sync().unwrap();
    assert_eq!((report.snapshots, report.mismatched_grids), (1, 0));
    world.assert_equal();
    world.server.always_mismatch = true;
    let report = world.sync().unwrap();
    assert_eq!((report.snapshots, report.mismatched_grids), (1, 1));
}

#[test]
fn a_difference_seen_by_the_phone_itself_is_asked_about() {
    let mut world = World::synced();
    world.server.insert(grid(1), record(1), "old");
    world.sync().unwrap();
    world.store.lose_record(grid(1), record(1));
    world.server.insert(grid(1), record(2), "new");
    let report = world.sync().unwrap();
    assert_eq!(report.snapshots, 1);
    world.assert_equal();
}

#[test]
fn a_cursor_the_feed_no_longer_reaches_leads_to_a_snapshot() {
    let mut world = World::synced();
    world.store.edit(grid(1), record(3), "unsent");
    world.server.insert(grid(1), record(1), "theirs");
    world.server.compact(grid(1));
    let report = world.sync().unwrap();
    assert_eq!((report.snapshots, report.receipted), (1, 1));
    world.assert_equal();
}

#[test]
fn a_new_grid_is_fetched_and_a_lost_one_let_go() {
    let mut world = World::synced();
    world.server.add_grid(grid(2));
    world.server.insert(grid(2), record(4), "theirs");
    let report = world.sync().unwrap();
    assert_eq!(report.snapshots, 1);
    assert_eq!(world.store.texts(grid(2)), set(&["theirs"]));
    assert_eq!(world.store.cursor(grid(2)), Some(1));
}

#[test]
fn a_snapshot_goes_on_where_it_broke_off() {
    let mut world = World::enrolled(FakeServer::new(&[grid(1)]));
    world.server.snapshot_records = 1;
    for number in 1..=4 {
        world.server.insert(grid(1), record(number), "theirs");
    }
    let mut faults = vec![Fault::None; 3];
    faults.extend([Fault::NotSent; 4]);
    world.faults = faults.into();
    assert_eq!(code_of(&world.sync().unwrap_err()), "offline");
    world.server.log.clear();
    world.sync().unwrap();
    world.assert_equal();
    let pages = world
        .server
        .log
        .iter()
        .filter(|line| line.starts_with("GET"))
        .count();
    assert_eq!(pages, 2, "{:?}", world.server.log);
}

#[test]
fn answers_that_make_no_sense_never_reach_the_store() {
    type Case = (&'static str, &'static str, fn(&mut SyncResponse));
    let cases: [Case; 10] = [
        ("a receipt of another push", "bad_answer", |answer| {
            answer.receipt.as_mut().unwrap().counter += 1;
        }),
        ("a receipt of other items", "bad_answer", |answer| {
            answer.receipt.as_mut().unwrap().manifest_digest[0] ^= 1;
        }),
        ("verdicts for fewer items", "bad_answer", |answer| {
            answer.receipt.as_mut().unwrap().verdicts.pop();
        }),
        ("no receipt", "bad_answer", |answer| answer.receipt = None),
        ("a page that starts later", "bad_answer", |answer| {
            answer.pages[0].after += 1;
        }),
        ("a page with a gap", "bad_answer", |answer| {
            answer.pages[0].to += 1;
        }),
        ("a page of another grid", "bad_answer", |answer| {
            answer.pages[0].grid = grid(7);
        }),
        ("places skipped as receipted", "bad_answer", |answer| {
            answer.pages[0]
                .entries
                .push(FeedEntry::Receipted { count: 5 });
            answer.pages[0].to += 5;
            answer.pages[0].signature = None;
            answer.pages[0].entries.remove(0);
            answer.pages[0].to -= 1;
        }),
        ("a change without a signature", "feed_signature", |answer| {
            answer.pages[0].signature = None;
        }),
        (
            "a change under another's signature",
            "feed_signature",
            |answer| {
                if let FeedEntry::Change { frame } = &mut answer.pages[0].entries[0] {
                    frame.record = record(99);
                }
            },
        ),
    ];
    for (name, code, tamper) in cases {
        let mut world = World::synced();
        world.server.insert(grid(1), record(1), "theirs");
        world.store.edit(grid(1), record(2), "mine");
        world.server.tamper = Some(Box::new(tamper));
        assert_eq!(code_of(&world.sync().unwrap_err()), code, "{name}");
        assert!(world.store.texts(grid(1)).is_empty(), "{name}");
        assert_eq!(world.store.states(), [ItemState::Waiting], "{name}");
        // Once the server is itself again, nothing was lost.
        world.server.tamper = None;
        world.sync().unwrap();
        world.assert_equal();
    }
}

#[test]
fn a_receipt_nobody_asked_for_is_refused() {
    let mut world = World::synced();
    world.server.tamper = Some(Box::new(|answer| {
        answer.receipt = Some(wangge_model::protocol::Receipt {
            counter: 1,
            manifest_digest: vec![0; 32],
            verdicts: Vec::new(),
        });
    }));
    assert_eq!(code_of(&world.sync().unwrap_err()), "bad_answer");
}

#[test]
fn a_server_that_always_has_more_or_another_life_ends_the_sync() {
    let mut world = World::synced();
    world.server.tamper = Some(Box::new(|answer| {
        answer.server_epoch = wangge_model::ServerEpoch::from_bytes([0x77; 16]);
    }));
    // Another life in every answer, while pushes are for yet another one.
    world.store.edit(grid(1), record(1), "mine");
    assert!(world.sync().is_err());
    let mut world = World::synced();
    world.server.tamper = Some(Box::new(|answer| {
        answer.directives = vec![wangge_model::protocol::Directive::Reoffer];
    }));
    assert_eq!(code_of(&world.sync().unwrap_err()), "too_many_rounds");
    let mut world = World::synced();
    world.server.tamper = Some(Box::new(|answer| {
        answer.directives = vec![wangge_model::protocol::Directive::Bootstrap { grid: grid(1) }];
    }));
    assert_eq!(code_of(&world.sync().unwrap_err()), "too_many_rounds");
}

#[test]
fn snapshots_that_do_not_get_on_are_refused() {
    type Case = (&'static str, fn(&mut wangge_model::protocol::SnapshotPage));
    let cases: [Case; 4] = [
        ("another grid", |page| page.grid = grid(9)),
        ("backwards", |page| page.entries.reverse()),
        ("another moment", |page| {
            page.as_of += u64::from(page.entries[0].record > record(2));
        }),
        ("a step back", |page| page.next_after = Some(record(0))),
    ];
    for (name, tamper) in cases {
        let mut world = World::enrolled(FakeServer::new(&[grid(1)]));
        world.server.snapshot_records = 2;
        for number in 1..=6 {
            world.server.insert(grid(1), record(number), "theirs");
        }
        world.server.tamper_snapshot = Some(Box::new(tamper));
        assert_eq!(code_of(&world.sync().unwrap_err()), "bad_answer", "{name}");
    }
}

#[test]
fn a_page_is_judged_by_its_digest_at_the_head_only() {
    let mut world = World::synced();
    world.server.insert(grid(1), record(1), "theirs");
    world.server.tamper = Some(Box::new(|answer| {
        for page in &mut answer.pages {
            page.digest = Some(Digest::from_bytes([1; 32]));
        }
    }));
    // The forged digest costs one question, which the server answers well.
    let report = world.sync().unwrap();
    assert_eq!((report.round_trips, report.snapshots), (2, 0));
}
