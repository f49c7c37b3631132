//! Offline branches whose changes reach the server in any order. Sources: the
//! scenarios of ODK Central, `test/integration/api/offline-entities.js`, named
//! at each test.
//!
//! There a submission that came too early was held for five days and then
//! applied by guess. Here the server holds nothing: it names what is missing
//! and the phone sends that first. The oracle is the same for all: every order
//! of arrival ends in the same heads, changes, fields and conflicts.

use wangge_core::store::testing::CanonicalState;
use wangge_model::{
    ActorId, RecordId, RecordKind, SystemClock, SystemEntropy, Timestamp,
    document::{LocalChange, RecordDocument},
    protocol::{PushItem, Verdict},
};
use wangge_tests::light_client::LightClient;

use crate::support::{Place, edit};

const KIND: RecordKind = RecordKind::Household;
const START: i64 = 1_767_225_600_000;

/// A change and which of the two devices made it.
#[derive(Debug, Clone)]
struct Made {
    by: usize,
    change: LocalChange,
}

/// The two devices and what they wrote; `base` is at the server before the
/// rest arrives in any order.
struct Scene {
    place: Place,
    clients: [LightClient; 2],
    base: Vec<Made>,
    late: Vec<Made>,
}

impl Scene {
    async fn open() -> Self {
        let place = Place::open();
        let clients = [place.light_client().await, place.light_client().await];
        Self {
            place,
            clients,
            base: Vec::new(),
            late: Vec::new(),
        }
    }

    fn actor(&self, by: usize) -> ActorId {
        self.clients[by].actor
    }

    /// Writes fields on a copy of the record, as the device `by`.
    fn write(&self, document: &mut RecordDocument, by: usize, fields: &[(&str, &str)]) -> Made {
        let edits: Vec<_> = fields.iter().map(|(path, text)| edit(path, text)).collect();
        let at = Timestamp::from_millis(START);
        let change = document.edit(&edits, self.actor(by), at).unwrap().unwrap();
        Made { by, change }
    }

    /// Pushes one change, under a record of its own for each order tried.
    async fn push(&mut self, record: RecordId, made: &Made) -> Verdict {
        let item = PushItem {
            record,
            record_epoch: 0,
            kind: KIND,
            grid: self.place.grid,
            hash: made.change.hash,
            change: made.change.bytes.clone(),
        };
        let mut verdicts = self.clients[made.by].push(vec![item]).await.unwrap();
        verdicts.remove(0)
    }

    /// Lets the late changes arrive in this order; whatever the server says it
    /// cannot place yet is sent again, as a phone does.
    async fn arrive(&mut self, order: &[usize]) -> RecordId {
        let record = RecordId::make(&SystemClock, &SystemEntropy);
        for made in self.base.clone() {
            let verdict = self.push(record, &made).await;
            assert!(matches!(verdict, Verdict::Accepted { .. }), "{verdict:?}");
        }
        let mut waiting: Vec<Made> = order.iter().map(|n| self.late[*n].clone()).collect();
        while !waiting.is_empty() {
            let before = waiting.len();
            let mut still = Vec::new();
            for made in waiting {
                match self.push(record, &made).await {
                    Verdict::Accepted { .. } => {}
                    Verdict::MissingDeps { hashes } => {
                        let missing = |hash| made.change.deps.contains(hash);
                        assert!(hashes.iter().all(missing), "names what is missing");
                        still.push(made);
                    }
                    other => panic!("{other:?} in order {order:?}"),
                }
            }
            assert!(still.len() < before, "stuck in order {order:?}");
            waiting = still;
        }
        record
    }

    /// Tries every order and gives back the one state all of them ended in.
    async fn every_order(&mut self) -> CanonicalState {
        let mut records = Vec::new();
        for order in orders(self.late.len()) {
            let record = self.arrive(&order).await;
            records.push((order, record));
        }
        let server = self.place.server_state().await;
        let first = server[&records[0].1].clone();
        for (order, record) in &records {
            assert_eq!(server[record], first, "order {order:?}");
        }
        assert_eq!(first.changes.len(), self.base.len() + self.late.len());
        assert_eq!(self.place.count_quarantined(), 0, "nothing is held");
        first
    }
}

/// Every order of `count` things.
fn orders(count: usize) -> Vec<Vec<usize>> {
    if count == 0 {
        return vec![Vec::new()];
    }
    let mut all = Vec::new();
    for shorter in orders(count - 1) {
        for place in 0..count {
            let mut order = shorter.clone();
            order.insert(place, count - 1);
            all.push(order);
        }
    }
    all
}

fn value(state: &CanonicalState, path: &str) -> String {
    state
        .fields
        .iter()
        .find(|(field, _)| field.as_str() == path)
        .and_then(|(_, value)| value.as_text().map(str::to_owned))
        .unwrap_or_default()
}

fn conflicts(state: &CanonicalState) -> Vec<&str> {
    state
        .conflicts
        .iter()
        .map(|conflict| conflict.path.as_str())
        .collect()
}

/// Scenario 2. ODK Central, offline-entities.js: "should apply multiple updates
/// in the same branch in order".
#[tokio::test(flavor = "multi_thread")]
async fn several_updates_of_one_branch_end_in_its_last_whatever_comes_first() {
    let mut scene = Scene::open().await;
    let mut document = RecordDocument::new(KIND);
    scene.base = vec![scene.write(&mut document, 0, &[("address.detail", "殷巷村一号")])];
    for floor in ["1", "2", "3"] {
        let made = scene.write(&mut document, 0, &[("address.floor", floor)]);
        scene.late.push(made);
    }
    let state = scene.every_order().await;
    assert_eq!(value(&state, "address.floor"), "3");
    assert_eq!(conflicts(&state), [""; 0]);
}

/// Scenario 3. ODK Central, offline-entities.js: "should handle an offline
/// branch that has an interruption".
#[tokio::test(flavor = "multi_thread")]
async fn a_branch_interrupted_by_anothers_update_keeps_both() {
    let mut scene = Scene::open().await;
    let mut branch = RecordDocument::new(KIND);
    scene.base = vec![scene.write(&mut branch, 0, &[("address.detail", "殷巷村一号")])];
    let mut online = branch.clone();
    let one = scene.write(&mut branch, 0, &[("address.floor", "1")]);
    let interruption = scene.write(&mut online, 1, &[("ledger", "tenant")]);
    let two = scene.write(&mut branch, 0, &[("address.floor", "2")]);
    let three = scene.write(&mut branch, 0, &[("address.room", "501")]);
    scene.late = vec![one, interruption, two, three];
    let state = scene.every_order().await;
    assert_eq!(value(&state, "address.floor"), "2");
    assert_eq!(value(&state, "address.room"), "501");
    assert_eq!(value(&state, "ledger"), "tenant");
    assert_eq!(conflicts(&state), [""; 0]);
}

/// Scenario 4. ODK Central, offline-entities.js: "should handle offline create,
/// update, update with interleaved online updates".
#[tokio::test(flavor = "multi_thread")]
async fn an_offline_create_and_its_updates_mix_with_updates_made_online() {
    let mut scene = Scene::open().await;
    let mut branch = RecordDocument::new(KIND);
    let create = scene.write(&mut branch, 0, &[("address.detail", "殷巷村一号")]);
    let mut online = branch.clone();
    let one = scene.write(&mut branch, 0, &[("address.floor", "1")]);
    let others = scene.write(&mut online, 1, &[("ledger", "tenant")]);
    let two = scene.write(&mut branch, 0, &[("address.floor", "2")]);
    scene.late = vec![create, one, others, two];
    let state = scene.every_order().await;
    assert_eq!(value(&state, "address.detail"), "殷巷村一号");
    assert_eq!(value(&state, "address.floor"), "2");
    assert_eq!(value(&state, "ledger"), "tenant");
}

/// Scenarios 5, 6 and 7. ODK Central, offline-entities.js: "should handle
/// update that comes before a create", "should handle offline create/update
/// that comes in backwards", "should handle two updates followed by a delayed
/// create".
#[tokio::test(flavor = "multi_thread")]
async fn updates_that_come_before_their_create_are_sent_again_and_count() {
    for updates in [1, 2] {
        let mut scene = Scene::open().await;
        let mut document = RecordDocument::new(KIND);
        let create = scene.write(&mut document, 0, &[("address.detail", "殷巷村一号")]);
        scene.late.push(create);
        for floor in 1..=updates {
            let made = scene.write(&mut document, 0, &[("address.floor", &floor.to_string())]);
            scene.late.push(made);
        }
        let state = scene.every_order().await;
        assert_eq!(value(&state, "address.detail"), "殷巷村一号");
        assert_eq!(value(&state, "address.floor"), updates.to_string());
    }
}

/// Scenario 8. ODK Central, offline-entities.js: "should handle an update whose
/// previous update is missing" (there it was forced in after five days).
#[tokio::test(flavor = "multi_thread")]
async fn an_update_whose_predecessor_never_comes_stops_nobody_else() {
    let mut scene = Scene::open().await;
    let record = RecordId::make(&SystemClock, &SystemEntropy);
    let mut branch = RecordDocument::new(KIND);
    let create = scene.write(&mut branch, 0, &[("address.detail", "殷巷村一号")]);
    let mut online = branch.clone();
    let lost = scene.write(&mut branch, 0, &[("address.floor", "1")]);
    let orphan = scene.write(&mut branch, 0, &[("address.room", "501")]);
    let others = scene.write(&mut online, 1, &[("ledger", "tenant")]);
    assert!(matches!(
        scene.push(record, &create).await,
        Verdict::Accepted { .. }
    ));
    for _ in 0..3 {
        let verdict = scene.push(record, &orphan).await;
        assert!(
            matches!(&verdict, Verdict::MissingDeps { hashes } if *hashes == [lost.change.hash]),
            "{verdict:?}"
        );
    }
    assert!(matches!(
        scene.push(record, &others).await,
        Verdict::Accepted { .. }
    ));
    let state = scene.place.server_state().await.remove(&record).unwrap();
    assert_eq!(value(&state, "ledger"), "tenant");
    assert_eq!(value(&state, "address.room"), "", "not guessed in");
    assert_eq!(state.changes.len(), 2);
    // Whenever it does come, everything is there.
    assert!(matches!(
        scene.push(record, &lost).await,
        Verdict::Accepted { .. }
    ));
    assert!(matches!(
        scene.push(record, &orphan).await,
        Verdict::Accepted { .. }
    ));
    let state = scene.place.server_state().await.remove(&record).unwrap();
    assert_eq!(value(&state, "address.room"), "501");
}

/// Scenario 9. ODK Central, offline-entities.js: "should not mark unrelated
/// properties as a hard conflict when a branch is not contiguous with trunk".
#[tokio::test(flavor = "multi_thread")]
async fn a_branch_off_an_old_version_that_touches_other_fields_is_no_conflict() {
    let mut scene = Scene::open().await;
    let mut branch = RecordDocument::new(KIND);
    scene.base = vec![scene.write(&mut branch, 0, &[("address.detail", "殷巷村一号")])];
    let mut trunk = branch.clone();
    for text in ["电表已换。", "水表已换。"] {
        let made = scene.write(&mut trunk, 1, &[("notes", text)]);
        scene.late.push(made);
    }
    let made = scene.write(&mut branch, 0, &[("address.floor", "5")]);
    scene.late.push(made);
    let made = scene.write(&mut branch, 0, &[("address.floor", "6")]);
    scene.late.push(made);
    let state = scene.every_order().await;
    assert_eq!(conflicts(&state), [""; 0]);
    assert_eq!(value(&state, "address.floor"), "6");
    assert_eq!(value(&state, "notes"), "水表已换。");
}

/// Scenario 10. ODK Central, offline-entities.js: "should mark a hard conflict
/// on the same property" and its resolution, a second time as well.
#[tokio::test(flavor = "multi_thread")]
async fn a_real_conflict_keeps_both_values_and_a_second_one_after_settling_too() {
    let mut scene = Scene::open().await;
    let mut base = RecordDocument::new(KIND);
    scene.base = vec![scene.write(&mut base, 0, &[("contact.phone", "13800000000")])];
    let (mut one, mut two) = (base.clone(), base.clone());
    let mine = scene.write(&mut one, 0, &[("contact.phone", "13800000001")]);
    let theirs = scene.write(&mut two, 1, &[("contact.phone", "13800000002")]);
    scene.late = vec![mine.clone(), theirs.clone()];
    let state = scene.every_order().await;
    assert_eq!(conflicts(&state), ["contact.phone"]);
    assert_eq!(state.conflicts[0].candidates.len(), 2, "both are kept");
    // Settled by one, unknowingly changed again by the other.
    let mut settled = base.clone();
    settled
        .apply_own([mine.change.bytes.as_slice(), theirs.change.bytes.as_slice()])
        .unwrap();
    let choice = settled
        .settle(
            &edit("contact.phone", "13800000001"),
            scene.actor(0),
            Timestamp::from_millis(START),
        )
        .unwrap()
        .unwrap();
    let again = scene.write(&mut two, 1, &[("contact.phone", "13800000003")]);
    scene.late.push(Made {
        by: 0,
        change: choice,
    });
    scene.late.push(again);
    let state = scene.every_order().await;
    assert_eq!(
        conflicts(&state),
        ["contact.phone"],
        "the second one shows as well"
    );
}

/// Scenario 11. ODK Central, offline-entities.js: "should handle a held update
/// of a soft-deleted entity".
#[tokio::test(flavor = "multi_thread")]
async fn a_late_update_of_a_member_that_was_taken_out_is_not_dropped() {
    let mut scene = Scene::open().await;
    let mut base = RecordDocument::new(KIND);
    scene.base = vec![scene.write(
        &mut base,
        0,
        &[
            ("address.detail", "殷巷村一号"),
            ("members.b.name", "王浩然"),
        ],
    )];
    let mut online = base.clone();
    let path = "members.b.name".parse().unwrap();
    let cleared = online
        .edit(
            &[wangge_model::document::FieldEdit::clear(path)],
            scene.actor(1),
            Timestamp::from_millis(START),
        )
        .unwrap()
        .unwrap();
    let one = scene.write(&mut base, 0, &[("members.b.phone", "13800000009")]);
    let two = scene.write(&mut base, 0, &[("members.b.relation", "3")]);
    scene.late = vec![
        Made {
            by: 1,
            change: cleared,
        },
        one,
        two,
    ];
    let state = scene.every_order().await;
    assert_eq!(value(&state, "members.b.phone"), "13800000009");
    assert_eq!(value(&state, "members.b.name"), "");
}

/// Scenario 12. ODK Central, offline-entities.js: "should concurrently process
/// offline create and update" (its lock test).
#[tokio::test(flavor = "multi_thread")]
async fn a_create_and_its_update_that_arrive_at_the_same_moment_both_count() {
    let mut scene = Scene::open().await;
    let mut document = RecordDocument::new(KIND);
    let create = scene.write(&mut document, 0, &[("address.detail", "殷巷村一号")]);
    let update = scene.write(&mut document, 1, &[("address.floor", "5")]);
    let mut records = Vec::new();
    for _ in 0..20 {
        let record = RecordId::make(&SystemClock, &SystemEntropy);
        let item = |made: &Made| PushItem {
            record,
            record_epoch: 0,
            kind: KIND,
            grid: scene.place.grid,
            hash: made.change.hash,
            change: made.change.bytes.clone(),
        };
        let (first, second) = (item(&create), item(&update));
        let [one, two] = &mut scene.clients;
        let (created, updated) = tokio::join!(one.push(vec![first]), two.push(vec![second]));
        assert!(matches!(created.unwrap()[..], [Verdict::Accepted { .. }]));
        match updated.unwrap().remove(0) {
            Verdict::Accepted { .. } => {}
            Verdict::MissingDeps { .. } => {
                let verdict = scene.push(record, &update).await;
                assert!(matches!(verdict, Verdict::Accepted { .. }), "{verdict:?}");
            }
            other => panic!("{other:?}"),
        }
        records.push(record);
    }
    let server = scene.place.server_state().await;
    for record in records {
        assert_eq!(server[&record].changes.len(), 2);
        assert_eq!(value(&server[&record], "address.floor"), "5");
    }
}
