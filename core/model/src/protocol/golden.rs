//! Golden bytes: every message's encoding is pinned in `vectors/wire/*.hex`,
//! so that no change of a type or a library can alter the wire unnoticed. Also
//! what every decoder owes a stranger: unknown keys skipped, garbage refused.
//!
//! `WANGGE_RELEASE_WIRE=1 cargo test -p wangge-model golden` writes the files
//! anew; that is a change of protocol and wants a look at its diff.

use std::fmt::Debug;

use minicbor::{Decode, Encode};
use proptest::prelude::*;

use super::*;
use crate::{
    ChangeHash, DeviceId, EmergencyId, GridId, Incarnation, OrgNodeId, PersonId, RecordId,
    RecordKind, RecordSummary, ReferenceVersion, RequestId, ServerEpoch, Timestamp,
};

const DEVICE: DeviceId = DeviceId::from_bytes([0xd1; 16]);
const PERSON: PersonId = PersonId::from_bytes([0x9e; 16]);
const GRID: GridId = GridId::from_bytes([0x61; 16]);
const RECORD: RecordId = RecordId::from_bytes([0x4e; 16]);
const EPOCH: ServerEpoch = ServerEpoch::from_bytes([0xe0; 16]);
const LIFE: Incarnation = Incarnation::from_bytes([0x11; 16]);
const TIME: Timestamp = Timestamp::from_millis(1_767_225_600_000);

fn key() -> SoftwareKey {
    SoftwareKey::from_bytes(&[0x42; 32]).unwrap()
}

fn public_key() -> PublicKey {
    key().public_key().unwrap()
}

fn hash(byte: u8) -> ChangeHash {
    ChangeHash::from_bytes([byte; 32])
}

fn enrol_request() -> EnrolRequest {
    let code = "K7QM-2XPA".to_owned();
    let signature = key()
        .sign(&enrol_message(&code, &public_key(), &LIFE))
        .unwrap();
    EnrolRequest {
        protocol: PROTOCOL,
        code,
        public_key: public_key(),
        incarnation: LIFE,
        device_name: "网格手机 1".to_owned(),
        app_version: "0.1.0".to_owned(),
        signature,
    }
}

fn session() -> Session {
    Session {
        token: "t0ken".to_owned(),
        expires_at: TIME.plus_millis(43_200_000),
    }
}

fn grants() -> Grants {
    Grants {
        lines: None,
        version: 3,
        person: PERSON,
        person_name: "测试员".to_owned(),
        grids: vec![GridGrant {
            grid: GRID,
            code: "3799990010010000001".to_owned(),
            name: "第一网格".to_owned(),
            place: "示例街道示例社区".to_owned(),
            role: "grid_worker".to_owned(),
        }],
    }
}

fn enrol_response() -> EnrolResponse {
    EnrolResponse {
        device: DEVICE,
        person: PERSON,
        person_name: "测试员".to_owned(),
        server_epoch: EPOCH,
        server_key: public_key(),
        time: TIME,
        session: session(),
        grants: grants(),
    }
}

fn session_request() -> SessionRequest {
    let challenge = vec![0xc4; 32];
    let signature = key().sign(&session_message(&DEVICE, &challenge)).unwrap();
    SessionRequest {
        device: DEVICE,
        challenge,
        signature,
    }
}

fn item(byte: u8) -> PushItem {
    PushItem {
        record: RECORD,
        record_epoch: 0,
        kind: RecordKind::Household,
        grid: GRID,
        hash: hash(byte),
        change: vec![0x85, 0x6f, 0x4a, 0x83, byte],
    }
}

fn manifest() -> Manifest {
    Manifest {
        device: DEVICE,
        incarnation: LIFE,
        server_epoch: EPOCH,
        counter: 7,
        count: 2,
        items_digest: items_digest(&[item(1), item(2)]).to_vec(),
        blobs: Vec::new(),
    }
}

fn signed_manifest() -> SignedManifest {
    SignedManifest::sign(&manifest(), &key()).unwrap()
}

fn unchanged_request() -> SyncRequest {
    SyncRequest {
        protocol: PROTOCOL,
        app_version: "0.1.0".to_owned(),
        server_epoch: Some(EPOCH),
        grants_version: 3,
        cursors: vec![Cursor {
            grid: GRID,
            seq: 70_000,
            digest: Digest::from_bytes([0xd9; 32]),
        }],
        manifest: None,
        items: Vec::new(),
        page_bytes: 1 << 20,
        whole: None,
        knows_moves: None,
        decisions_after: None,
        newest_kind: None,
        reference: None,
        wants_reference: None,
        roster: None,
        roll_answers: None,
    }
}

fn push_request() -> SyncRequest {
    SyncRequest {
        manifest: Some(signed_manifest()),
        items: vec![item(1), item(2)],
        ..unchanged_request()
    }
}

fn unchanged_response() -> SyncResponse {
    SyncResponse {
        server_epoch: EPOCH,
        time: TIME,
        receipt: None,
        pages: Vec::new(),
        grants: None,
        directives: Vec::new(),
        decisions: None,
        reference: None,
        roster: None,
        roll_outcomes: None,
    }
}

fn feed_page() -> FeedPage {
    let mut page = FeedPage {
        grid: GRID,
        after: 10,
        to: 15,
        entries: vec![
            FeedEntry::Change {
                frame: Frame {
                    record: RECORD,
                    record_epoch: 0,
                    kind: RecordKind::Household,
                    hash: hash(3),
                    change: vec![0x85, 0x6f, 0x4a, 0x83, 3],
                },
            },
            FeedEntry::Yours {
                record: RECORD,
                hash: hash(4),
            },
            FeedEntry::Receipted { count: 3 },
        ],
        more: false,
        digest: Some(Digest::from_bytes([0xd9; 32])),
        signature: None,
    };
    page.signature = Some(key().sign(&feed_page_message(&EPOCH, &page)).unwrap());
    page
}

/// As phones that know moves get it.
fn moves_page() -> FeedPage {
    let mut entry = snapshot_page().entries.remove(0);
    entry.moves = Some(1);
    let mut page = FeedPage {
        to: 12,
        entries: vec![
            FeedEntry::MovedOut {
                record: RECORD,
                to: GridId::from_bytes([0x92; 16]),
                moves: 2,
            },
            FeedEntry::MovedIn {
                entry: Box::new(entry),
            },
        ],
        ..feed_page()
    };
    page.signature = Some(key().sign(&feed_page_message(&EPOCH, &page)).unwrap());
    page
}

fn decided_response() -> SyncResponse {
    let refused = Decision {
        number: 8,
        record: RECORD,
        hash: hash(7),
        accepted: false,
        reason: "已由他人登记".to_owned(),
        grid: Some(GRID),
    };
    let accepted = Decision {
        number: 9,
        hash: hash(8),
        accepted: true,
        reason: String::new(),
        grid: None,
        ..refused.clone()
    };
    SyncResponse {
        decisions: Some(vec![refused, accepted]),
        ..unchanged_response()
    }
}

fn reference_set() -> ReferenceSet {
    let node = OrgNodeId::from_bytes([0x63; 16]);
    let body = b"{\"rules\":[]}".to_vec();
    let signature = key()
        .sign(&reference_message(&EPOCH, "visit_rules", &node, &body))
        .unwrap();
    ReferenceSet {
        name: "visit_rules".to_owned(),
        node,
        body,
        signature,
    }
}

fn roster() -> Roster {
    let place = |node: u8, level: &str, name: &str, people: Vec<RosterPerson>| RosterPlace {
        node: OrgNodeId::from_bytes([node; 16]),
        level: level.to_owned(),
        name: name.to_owned(),
        people,
    };
    let head = RosterPerson {
        name: "王小明".to_owned(),
        role: "grid_head".to_owned(),
        phone: "13800138000".to_owned(),
    };
    Roster {
        places: vec![
            place(0x61, "grid", "第一网格", vec![head]),
            place(0x63, "community", "千佛山社区", Vec::new()),
        ],
        card: Some(RosterCard {
            name: "李雷".to_owned(),
            number: "01234567".to_owned(),
            address: "https://10.1.2.3:8443/public/cards/01234567".to_owned(),
            places: vec![RosterCardPlace {
                name: "千佛山社区 第一网格".to_owned(),
                role: "grid_worker".to_owned(),
                ends_at: Some(Timestamp::from_millis(1_767_225_600_000)),
            }],
        }),
    }
}

fn roll_call() -> (RollAnswer, RollOutcome) {
    let id = RequestId::from_bytes([0x7e; 16]);
    let answer = RollAnswer {
        id,
        emergency: EmergencyId::from_bytes([0xee; 16]),
        state: "cannot_come".to_owned(),
        reason: "家中老人住院".to_owned(),
        given_at: Timestamp::from_millis(1_767_225_600_000),
    };
    let outcome = RollOutcome {
        id,
        is_accepted: false,
        code: "over".to_owned(),
        at: Timestamp::from_millis(1_767_229_200_000),
    };
    (answer, outcome)
}

fn reference_response() -> SyncResponse {
    let withdrawn = ReferenceStamp {
        name: "campaign.1".to_owned(),
        node: GRID.into(),
        version: ReferenceVersion::from_bytes([0x0f; 16]),
    };
    SyncResponse {
        reference: Some(ReferenceNews {
            stamps: vec![withdrawn, reference_set().stamp()],
            sets: vec![reference_set()],
        }),
        ..unchanged_response()
    }
}

fn full_response() -> SyncResponse {
    let verdicts = [
        Verdict::Accepted { first_seq: 11 },
        Verdict::Accepted { first_seq: 12 },
        Verdict::Duplicate,
        Verdict::Quarantined {
            code: "field".to_owned(),
            detail: "address.room".to_owned(),
        },
        Verdict::MissingDeps {
            hashes: vec![hash(5)],
        },
        Verdict::ActorFork,
        Verdict::Erased,
        Verdict::StaleRecordEpoch { current: 2 },
    ];
    SyncResponse {
        receipt: Some(Receipt {
            counter: 7,
            manifest_digest: signed_manifest().digest().to_vec(),
            verdicts: Receipt::runs(verdicts),
        }),
        pages: vec![feed_page()],
        grants: Some(grants()),
        directives: vec![
            Directive::Bootstrap { grid: GRID },
            Directive::DigestMismatch { grid: GRID },
            Directive::Reoffer,
            Directive::Upgrade {
                minimum: "0.2.0".to_owned(),
            },
            Directive::GridLost { grid: GRID },
        ],
        ..unchanged_response()
    }
}

fn problem() -> Problem {
    Problem {
        code: ProblemCode::SessionRequired.as_str().to_owned(),
        zh: "登录已过期".to_owned(),
        en: "The session has expired".to_owned(),
        retry_after_s: None,
        challenge: Some(vec![0xc4; 32]),
        last_counter: None,
    }
}

fn replayed() -> Problem {
    Problem {
        code: "manifest_replayed".to_owned(),
        zh: "编号用过了。".to_owned(),
        en: "Used before.".to_owned(),
        challenge: None,
        last_counter: Some(1_767_225_600_000),
        ..problem()
    }
}

fn snapshot_page() -> SnapshotPage {
    SnapshotPage {
        grid: GRID,
        as_of: 70_000,
        entries: vec![SnapshotEntry {
            record: RECORD,
            record_epoch: 0,
            kind: RecordKind::Visit,
            heads: vec![hash(6)],
            document: vec![0x85, 0x6f, 0x4a, 0x83, 6],
            summary: RecordSummary {
                title: "routine".to_owned(),
                state: "met".to_owned(),
                occurred_at: Some(TIME),
                edited_at: TIME,
                ..RecordSummary::default()
            },
            moves: None,
        }],
        next_after: Some(RECORD),
        total: 2_000,
        signature: None,
    }
}

/// With a visit to a place and a household whose members live elsewhere.
fn places_snapshot_page() -> SnapshotPage {
    let mut page = snapshot_page();
    let mut other = page.entries[0].clone();
    other.kind = RecordKind::Household;
    other.summary.residence = Some("registered_only".to_owned());
    page.entries[0].summary.place = Some(RECORD);
    page.entries.push(other);
    page
}

/// With a household that was merged into another.
fn merged_snapshot_page() -> SnapshotPage {
    let mut page = snapshot_page();
    page.entries[0].kind = RecordKind::Household;
    page.entries[0].summary.merged_into = Some(RecordId::from_bytes([0x4f; 16]));
    page
}

/// With an incident of which somebody said how it came about.
fn sources_snapshot_page() -> SnapshotPage {
    let mut page = snapshot_page();
    page.entries[0].kind = RecordKind::Incident;
    page.entries[0].summary.source = Some("hotline".to_owned());
    page
}

/// As a server from 0.2 on sends it.
fn signed_snapshot_page() -> SnapshotPage {
    let mut page = snapshot_page();
    page.entries[0].moves = Some(1);
    let message = snapshot_page_message(&EPOCH, &page);
    page.signature = Some(key().sign(&message).unwrap());
    page
}

fn give_back_request() -> GiveBackRequest {
    GiveBackRequest {
        protocol: PROTOCOL,
        server_epoch: EPOCH,
        proofs: vec![
            Proof::of_page(&EPOCH, &feed_page()).unwrap(),
            Proof::of_snapshot(&EPOCH, &signed_snapshot_page()).unwrap(),
        ],
        records: vec![ReturnedRecord {
            record: RECORD,
            record_epoch: 0,
            kind: RecordKind::Household,
            changes: vec![ReturnedChange {
                hash: hash(3),
                change: vec![0x85, 0x6f, 0x4a, 0x83, 3],
            }],
        }],
    }
}

fn give_back_response() -> GiveBackResponse {
    GiveBackResponse {
        server_epoch: EPOCH,
        taken: 1,
        unproven: 2,
        refused: 3,
        moved: None,
    }
}

fn give_back_response_moved() -> GiveBackResponse {
    GiveBackResponse {
        moved: Some(vec![MovedRecord {
            record: RECORD,
            grid: GRID,
            moves: 2,
        }]),
        ..give_back_response()
    }
}

/// Holds `bytes` to the file of this name.
fn assert_pinned(name: &str, bytes: &[u8]) {
    let path = format!("{}/vectors/wire/{name}.hex", env!("CARGO_MANIFEST_DIR"));
    if std::env::var_os("WANGGE_RELEASE_WIRE").is_some() {
        let lines: Vec<String> = bytes.chunks(40).map(hex::encode).collect();
        std::fs::write(&path, lines.join("\n") + "\n").unwrap();
    }
    let pinned = std::fs::read_to_string(&path).unwrap_or_default();
    let pinned: String = pinned.split_whitespace().collect();
    assert_eq!(hex::encode(bytes), pinned, "{name}");
}

fn assert_golden<T>(name: &str, message: &T)
where
    T: Encode<()> + for<'b> Decode<'b, ()> + PartialEq + Debug,
{
    let bytes = to_cbor(message);
    assert_pinned(name, &bytes);
    assert_eq!(
        &from_cbor::<T>(&bytes).unwrap(),
        message,
        "{name} reads back"
    );
    assert_eq!(
        &open::<T>(&seal(message)).unwrap(),
        message,
        "{name} as a body"
    );
    for end in 0..bytes.len() {
        assert!(
            from_cbor::<T>(&bytes[..end]).is_err(),
            "{name} cut at {end}"
        );
    }
    let longer = [bytes.as_slice(), &[0]].concat();
    assert!(
        matches!(from_cbor::<T>(&longer), Err(DecodeError::Trailing)),
        "{name} and more"
    );
}

/// As [`assert_golden`], for messages whose fields are a map: an entry from
/// the future is skipped.
fn assert_golden_map<T>(name: &str, message: &T)
where
    T: Encode<()> + for<'b> Decode<'b, ()> + PartialEq + Debug,
{
    assert_golden(name, message);
    let mut bytes = to_cbor(message);
    assert!((0xa0..0xb7).contains(&bytes[0]), "{name} is a short map");
    bytes[0] += 1;
    // 99: {"new": [1, h'02', null, [3.5]]}
    bytes.extend(hex::decode("1863a1636e657784014102f681f94300").unwrap());
    assert_eq!(
        &from_cbor::<T>(&bytes).unwrap(),
        message,
        "{name} with a key from the future"
    );
}

#[test]
fn every_message_is_the_bytes_it_was() {
    assert_golden_map("enrol_request", &enrol_request());
    assert_golden_map("enrol_response", &enrol_response());
    assert_golden_map("session_request", &session_request());
    assert_golden_map("session", &session());
    assert_golden_map("sync_request_unchanged", &unchanged_request());
    assert_golden_map("sync_request_push", &push_request());
    let whole = SyncRequest {
        whole: Some(true),
        ..unchanged_request()
    };
    assert_golden_map("sync_request_whole", &whole);
    let asking = SyncRequest {
        knows_moves: Some(true),
        decisions_after: Some(7),
        ..unchanged_request()
    };
    assert_golden_map("sync_request_decisions", &asking);
    let of_today = SyncRequest {
        newest_kind: Some(RecordKind::NEWEST),
        ..unchanged_request()
    };
    assert_golden_map("sync_request_newest_kind", &of_today);
    let holding = SyncRequest {
        reference: Some(reference_digest([&reference_set().stamp()])),
        wants_reference: Some(vec![ReferenceVersion::from_bytes([0x0f; 16])]),
        ..unchanged_request()
    };
    assert_golden_map("sync_request_reference", &holding);
    let asking_for_people = SyncRequest {
        roster: Some(roster_digest(Some(&roster()))),
        ..unchanged_request()
    };
    assert_golden_map("sync_request_roster", &asking_for_people);
    let people = SyncResponse {
        roster: Some(roster()),
        ..unchanged_response()
    };
    assert_golden_map("sync_response_roster", &people);
    let (answer, outcome) = roll_call();
    let answering = SyncRequest {
        roll_answers: Some(vec![answer]),
        ..unchanged_request()
    };
    assert_golden_map("sync_request_roll_call", &answering);
    let decided = SyncResponse {
        roll_outcomes: Some(vec![outcome]),
        ..unchanged_response()
    };
    assert_golden_map("sync_response_roll_call", &decided);
    assert_golden_map("sync_response_reference", &reference_response());
    assert_golden_map("sync_response_decided", &decided_response());
    assert_golden("feed_page_moves", &moves_page());
    assert_golden_map("sync_response_unchanged", &unchanged_response());
    assert_golden_map("sync_response_full", &full_response());
    assert_golden_map("problem", &problem());
    assert_golden_map("problem_replayed", &replayed());
    assert_golden_map("snapshot_page", &snapshot_page());
    assert_golden_map("snapshot_page_signed", &signed_snapshot_page());
    assert_golden_map("snapshot_page_places", &places_snapshot_page());
    assert_golden_map("snapshot_page_merged", &merged_snapshot_page());
    assert_golden_map("snapshot_page_sources", &sources_snapshot_page());
    assert_golden_map("give_back_request", &give_back_request());
    assert_golden_map("give_back_response", &give_back_response());
    assert_golden_map("give_back_response_moved", &give_back_response_moved());
    assert_golden_map("grants", &grants());
    assert_golden("manifest", &manifest());
    assert_golden("signed_manifest", &signed_manifest());
    assert_golden("feed_page", &feed_page());
    assert_golden("cursor", &unchanged_request().cursors[0]);
}

#[test]
fn everything_that_is_signed_or_hashed_is_the_bytes_it_was() {
    assert_pinned(
        "signed_enrol",
        &enrol_message("K7QM-2XPA", &public_key(), &LIFE),
    );
    assert_pinned("signed_session", &session_message(&DEVICE, &[0xc4; 32]));
    assert_pinned("signed_feed_page", &feed_page_message(&EPOCH, &feed_page()));
    assert_pinned(
        "signed_feed_page_moves",
        &feed_page_message(&EPOCH, &moves_page()),
    );
    assert_pinned(
        "signed_snapshot_page",
        &snapshot_page_message(&EPOCH, &signed_snapshot_page()),
    );
    assert_pinned(
        "signed_manifest_message",
        &SignedManifest::message(&to_cbor(&manifest())),
    );
    let set = reference_set();
    assert_pinned(
        "signed_reference",
        &reference_message(&EPOCH, &set.name, &set.node, &set.body),
    );
    assert_pinned("reference_version", set.stamp().version.as_bytes());
    assert_pinned("items_digest", &items_digest(&[item(1), item(2)]));
    assert_pinned("manifest_digest", &signed_manifest().digest());
    let one = record_fingerprint(&RECORD, 0, &[hash(2), hash(1)]);
    let two = record_fingerprint(&RecordId::from_bytes([0x4f; 16]), 1, &[hash(3)]);
    assert_pinned("record_fingerprint_one", one.as_bytes());
    assert_pinned("record_fingerprint_two", two.as_bytes());
    assert_pinned("grid_digest", one.plus(two).as_bytes());
}

#[test]
fn pinned_signatures_hold_for_the_pinned_key() {
    let key = public_key();
    let page = feed_page();
    let signature = page.signature.clone().unwrap();
    assert_eq!(
        key.verify(&feed_page_message(&EPOCH, &page), &signature),
        Ok(())
    );
    for proof in give_back_request().proofs {
        assert_eq!(proof.verify(&key), Ok(()));
        let mut other_grid = proof.clone();
        other_grid.grid = GridId::from_bytes([0x62; 16]);
        assert!(other_grid.verify(&key).is_err());
        let mut more = proof.clone();
        let again = more.entries[0].clone();
        more.entries.push(again);
        assert!(more.verify(&key).is_err());
        let mut other_kind = proof;
        other_kind.statement = match other_kind.statement {
            Statement::Feed { after, .. } => Statement::Snapshot { as_of: after },
            Statement::Snapshot { as_of } => Statement::Feed {
                after: as_of,
                to: as_of,
            },
        };
        assert!(other_kind.verify(&key).is_err());
    }
    let set = reference_set();
    let message = reference_message(&EPOCH, &set.name, &set.node, &set.body);
    assert_eq!(key.verify(&message, &set.signature), Ok(()));
    let signed = signed_manifest();
    assert_eq!(
        key.verify(
            &SignedManifest::message(&signed.manifest),
            &signed.signature
        ),
        Ok(())
    );
}

#[test]
fn an_array_message_may_grow_at_its_end() {
    let cursor = unchanged_request().cursors[0];
    let mut bytes = to_cbor(&cursor);
    assert_eq!(bytes[0], 0x83);
    bytes[0] = 0x84;
    bytes.push(0x0c);
    assert_eq!(from_cbor::<Cursor>(&bytes).unwrap(), cursor);
}

#[test]
fn claimed_lengths_allocate_nothing() {
    // {2: 2^62 bytes} and an array of 2^62 cursors: both end where the input ends.
    for text in ["a1025b4000000000000000", "a1049b4000000000000000"] {
        assert!(from_cbor::<SyncRequest>(&hex::decode(text).unwrap()).is_err());
    }
    // A hundred thousand arrays in each other, under a key nobody knows.
    let mut deep = hex::decode("a11863").unwrap();
    deep.extend(std::iter::repeat_n(0x81, 100_000));
    assert!(from_cbor::<SyncRequest>(&deep).is_err());
}

#[test]
fn the_specification_shows_the_real_bytes_codes_and_limits() {
    let path = format!("{}/../../docs/sync-protocol.md", env!("CARGO_MANIFEST_DIR"));
    let page = std::fs::read_to_string(path).unwrap();
    let bytes: String = page.split_whitespace().collect();
    let shown = [
        to_cbor(&session()),
        to_cbor(&unchanged_request()),
        to_cbor(&unchanged_response()),
        record_fingerprint(&RECORD, 0, &[hash(1), hash(2)])
            .as_bytes()
            .to_vec(),
        record_fingerprint(&RecordId::from_bytes([0x4f; 16]), 1, &[hash(3)])
            .as_bytes()
            .to_vec(),
    ];
    for example in shown {
        let example = hex::encode(example);
        assert!(bytes.contains(&example), "the page lacks {example}");
    }
    for kind in RecordKind::ALL {
        let file = format!(
            "{}/src/document/genesis/{kind}.v1.bin",
            env!("CARGO_MANIFEST_DIR")
        );
        let genesis = hex::encode(std::fs::read(file).unwrap());
        assert!(bytes.contains(&genesis), "genesis bytes of {kind}");
        let hash = crate::document::RecordDocument::new(kind).heads()[0];
        assert!(bytes.contains(&hash.to_string()), "genesis hash of {kind}");
    }
    for code in ProblemCode::ALL {
        let row = format!("| `{}` | {} |", code.as_str(), code.status());
        assert!(page.contains(&row), "the page lacks {row}");
    }
    for limit in [
        limits::BODY_BYTES,
        limits::INFLATED_BYTES,
        limits::INFLATE_RATIO,
        limits::INFLATE_FREE_BYTES,
        limits::CHANGE_BYTES,
        limits::CHANGE_OPS,
        limits::CHANGE_DEPS,
        limits::RECORD_BYTES,
        limits::PUSH_ITEMS,
        limits::CURSORS,
    ] {
        assert!(
            page.contains(&limit.to_string()),
            "the page lacks the limit {limit}"
        );
    }
    assert!(page.contains(&limits::RECORD_OPS.to_string()));
    assert!(page.contains(MEDIA_TYPE));
}

#[test]
fn an_optional_field_at_the_end_of_an_array_may_be_null_or_left_out() {
    let page = FeedPage {
        entries: Vec::new(),
        to: 10,
        signature: None,
        ..feed_page()
    };
    let short = FeedPage {
        digest: None,
        ..page.clone()
    };
    for page in [page, short] {
        let bytes = to_cbor(&page);
        assert_eq!(from_cbor::<FeedPage>(&bytes).unwrap(), page);
        let length = usize::from(bytes[0] - 0x80);
        for nulls in 0..=7 - length {
            let mut longer = bytes.clone();
            longer[0] += u8::try_from(nulls).unwrap();
            longer.extend(std::iter::repeat_n(0xf6, nulls));
            assert_eq!(
                from_cbor::<FeedPage>(&longer).unwrap(),
                page,
                "{length} and {nulls}"
            );
        }
    }
}

fn decode_all(bytes: &[u8]) {
    let _ = from_cbor::<EnrolRequest>(bytes);
    let _ = from_cbor::<EnrolResponse>(bytes);
    let _ = from_cbor::<SessionRequest>(bytes);
    let _ = from_cbor::<Session>(bytes);
    let _ = from_cbor::<SyncRequest>(bytes);
    let _ = from_cbor::<GiveBackRequest>(bytes);
    let _ = from_cbor::<GiveBackResponse>(bytes);
    let _ = from_cbor::<SyncResponse>(bytes);
    let _ = from_cbor::<Problem>(bytes);
    let _ = from_cbor::<Manifest>(bytes);
    let _ = from_cbor::<SignedManifest>(bytes);
    let _ = from_cbor::<SnapshotPage>(bytes);
    let _ = from_cbor::<Grants>(bytes);
    let _ = from_cbor::<FeedPage>(bytes);
}

proptest! {
    #[test]
    fn arbitrary_bytes_never_panic_a_decoder(bytes: Vec<u8>) {
        decode_all(&bytes);
    }

    #[test]
    fn honest_messages_with_a_few_bytes_changed_never_panic_a_decoder(
        which in 0_usize..7,
        changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..6),
    ) {
        let mut bytes = match which {
            0 => to_cbor(&push_request()),
            1 => to_cbor(&full_response()),
            2 => to_cbor(&snapshot_page()),
            3 => to_cbor(&enrol_response()),
            4 => to_cbor(&enrol_request()),
            5 => to_cbor(&give_back_request()),
            _ => to_cbor(&problem()),
        };
        for (place, byte) in changes {
            let place = place.index(bytes.len());
            bytes[place] = byte;
        }
        decode_all(&bytes);
    }
}
