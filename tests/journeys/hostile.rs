//! What a broken or hostile phone may send: every fixture that ever made
//! Automerge panic, hang or swell, and the known bombs. Each comes between two
//! good records of the same push; each is kept apart or refused with a reason,
//! soon and in little memory, the good ones are taken, and the server lives.

use std::{
    path::Path,
    time::{Duration, Instant},
};

use automerge::ScalarValue;
use wangge_model::{
    RecordId, RecordKind, SystemClock, SystemEntropy, Timestamp,
    protocol::{PushItem, Verdict, limits},
};
use wangge_tests::{
    lab::hostile::bombs,
    light_client::{LightClient, Refused, item_of_bytes, read},
    process,
    workload::Workload,
};

use crate::support::Place;

/// Longest time for one bad item.
const PATIENCE: Duration = Duration::from_millis(200);
/// Most memory one may cost, in KiB.
const MEMORY_KIB: u64 = 32 << 10;
/// Tries of one item before its time counts: other programs share the machine.
const TRIES: usize = 4;

struct Range {
    place: Place,
    client: LightClient,
    workload: Workload,
}

impl Range {
    async fn open() -> Self {
        let place = Place::open();
        let client = place.light_client().await;
        let workload = Workload::new(17, Timestamp::from_millis(1_767_225_600_000));
        let mut range = Self {
            place,
            client,
            workload,
        };
        // What a server allocates once, at its first push, is nobody's bomb.
        for _ in 0..20 {
            let good = range.good();
            assert!(is_accepted(
                &range.client.push(vec![good]).await.unwrap()[0]
            ));
        }
        range
    }

    fn good(&mut self) -> PushItem {
        self.workload
            .next_authored(self.client.actor)
            .unwrap()
            .push_item(self.place.grid)
    }

    fn bad(&self, kind: RecordKind, bytes: &[u8]) -> PushItem {
        let record = RecordId::make(&SystemClock, &SystemEntropy);
        item_of_bytes(record, kind, self.place.grid, bytes)
    }

    /// Sends bad items between two good ones; gives back their verdicts.
    async fn send(&mut self, name: &str, bad: &[PushItem], patience: Duration) -> Vec<Verdict> {
        let pid = self.place.server.pid();
        let mut quickest = Duration::MAX;
        let mut verdicts = Vec::new();
        for turn in 0..TRIES {
            let mut items = vec![self.good()];
            items.extend_from_slice(bad);
            items.push(self.good());
            // Making a bomb takes a slow machine longer than the server keeps an
            // idle connection open.
            self.client.reconnect().await.unwrap();
            process::reset_peak(pid).unwrap();
            let before = process::memory(pid).unwrap().now_kib;
            let begun = Instant::now();
            let mut all = self.client.push(items).await.unwrap();
            quickest = quickest.min(begun.elapsed());
            let grown = process::memory(pid)
                .unwrap()
                .peak_kib
                .saturating_sub(before);
            assert!(grown <= MEMORY_KIB, "{name}: {grown} KiB");
            for good in [all.remove(0), all.pop().unwrap()] {
                assert!(is_accepted(&good), "{name}: a good record got {good:?}");
            }
            if turn == 0 {
                verdicts = all;
            }
            if quickest <= patience {
                break;
            }
        }
        assert!(quickest <= patience, "{name}: {quickest:?}");
        assert!(self.place.server.is_alive(), "{name}: the server died");
        verdicts
    }

    /// One bad item; it must have been kept apart with a reason.
    async fn send_one(&mut self, name: &str, bad: PushItem) -> String {
        match self.send(name, &[bad], PATIENCE).await.as_slice() {
            [Verdict::Quarantined { code, .. }] if !code.is_empty() => code.clone(),
            [Verdict::MissingDeps { hashes }] if !hashes.is_empty() => "missing_deps".to_owned(),
            [Verdict::ActorFork] => "actor_fork".to_owned(),
            other => panic!("{name}: {other:?}"),
        }
    }
}

fn is_accepted(verdict: &Verdict) -> bool {
    matches!(verdict, Verdict::Accepted { .. })
}

#[tokio::test(flavor = "multi_thread")]
async fn every_hostile_fixture_is_kept_apart_and_the_rest_of_its_push_is_taken() {
    let mut range = Range::open().await;
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/automerge-hostile");
    let mut files: Vec<_> = std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .collect();
    files.sort();
    assert!(files.len() > 150, "{} fixtures", files.len());
    for file in files {
        let name = file.file_name().unwrap().to_string_lossy().into_owned();
        let bytes = std::fs::read(&file).unwrap();
        let bad = range.bad(RecordKind::Household, &bytes);
        range.send_one(&name, bad).await;
    }
    // And an honest change under a hash that is not its own.
    let good = range.good();
    let mut flipped = good.change.clone();
    let last = flipped.len() - 1;
    flipped[last] ^= 1;
    let bad = PushItem {
        change: flipped,
        ..good
    };
    assert_eq!(range.send_one("flipped byte", bad).await, "hash_mismatch");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_million_operations_in_a_kilobyte_are_kept_apart() {
    let mut range = Range::open().await;
    // A list of nulls needs no compression to be small.
    let nulls = bombs::million(range.client.actor, &ScalarValue::Null).unwrap();
    let bytes = nulls.raw_bytes().to_vec();
    assert!(bytes.len() < 4_096, "{} bytes", bytes.len());
    let bad = range.bad(RecordKind::Visit, &bytes);
    assert_eq!(range.send_one("a million nulls", bad).await, "too_many_ops");
    // Numbers need Automerge's own compression for that.
    let mut numbers = bombs::million(range.client.actor, &ScalarValue::Int(7)).unwrap();
    let bytes = numbers.bytes().to_vec();
    assert!(bytes.len() < 4_096, "{} bytes", bytes.len());
    let bad = range.bad(RecordKind::Visit, &bytes);
    assert_eq!(
        range.send_one("a million numbers, compressed", bad).await,
        "not_a_change"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_compressed_change_that_would_swell_is_kept_apart() {
    let mut range = Range::open().await;
    // The largest is past the limit of bytes, the small ones within it.
    for megabytes in [1, 20, 100] {
        let bytes = bombs::swelling(range.client.actor, megabytes).unwrap();
        assert!(bytes.len() < 200_000, "{} bytes", bytes.len());
        let code = if bytes.len() > limits::CHANGE_BYTES {
            "too_large"
        } else {
            "not_a_change"
        };
        let bad = range.bad(RecordKind::Visit, &bytes);
        assert_eq!(range.send_one(&format!("{megabytes} MB"), bad).await, code);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn changes_whose_parent_is_withheld_are_asked_for_and_not_stored() {
    const CHILDREN: usize = 2_000;
    let mut range = Range::open().await;
    let record = RecordId::make(&SystemClock, &SystemEntropy);
    let (parent, items) =
        bombs::orphans(range.client.actor, record, range.place.grid, CHILDREN).unwrap();
    let held = range.place.server_state().await.len();
    let patience = PATIENCE * u32::try_from(CHILDREN).unwrap();
    let verdicts = range.send("withheld parent", &items, patience).await;
    match &verdicts[0] {
        Verdict::MissingDeps { hashes } => assert_eq!(hashes, &[parent]),
        other => panic!("the first child got {other:?}"),
    }
    assert!(
        !verdicts.iter().any(is_accepted),
        "a child without its parent was taken"
    );
    let state = range.place.server_state().await;
    assert!(!state.contains_key(&record), "a record of orphans is there");
    assert!(state.len() > held, "the good records are there");
}

#[tokio::test(flavor = "multi_thread")]
async fn ten_gigabytes_of_zeros_in_one_body_are_refused_at_once() {
    let mut range = Range::open().await;
    let pid = range.place.server.pid();
    let bomb = bombs::zeros(10 * (1 << 30) / 131_072);
    let mut quickest = Duration::MAX;
    for _ in 0..TRIES {
        process::reset_peak(pid).unwrap();
        let before = process::memory(pid).unwrap().now_kib;
        let begun = Instant::now();
        let answer = range.client.send(&bomb).await.unwrap();
        quickest = quickest.min(begun.elapsed());
        let grown = process::memory(pid)
            .unwrap()
            .peak_kib
            .saturating_sub(before);
        let refused = read::<wangge_model::protocol::SyncResponse>(&answer)
            .unwrap_err()
            .downcast::<Refused>()
            .unwrap();
        assert_eq!(
            (refused.status, refused.problem.code.as_str()),
            (413, "body_too_large")
        );
        assert!(!refused.problem.zh.is_empty() && !refused.problem.en.is_empty());
        assert!(grown <= MEMORY_KIB, "{grown} KiB");
        if quickest <= PATIENCE {
            break;
        }
        range.client.reconnect().await.unwrap();
    }
    assert!(quickest <= PATIENCE, "{quickest:?}");
    range.client.reconnect().await.unwrap();
    let good = range.good();
    assert!(is_accepted(
        &range.client.push(vec![good]).await.unwrap()[0]
    ));
}
