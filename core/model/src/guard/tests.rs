//! The guard against honest, hostile and planted input.

use automerge::{
    ActorId as AutomergeActor, Automerge, ObjType, ROOT, ReadDoc, ScalarValue,
    transaction::{CommitOptions, Transactable, Transaction},
};
use proptest::prelude::*;
use sha2::{Digest, Sha256};

use super::*;
use crate::{
    FieldValue, RecordKind,
    document::{FieldEdit, LocalChange},
};

fn actor(byte: u8) -> ActorId {
    ActorId::from_bytes([byte; 16])
}

fn set(path: &str, text: &str) -> FieldEdit {
    FieldEdit::set(FieldPath::new(path).unwrap(), FieldValue::text(text))
}

fn edit(record: &mut RecordDocument, path: &str, text: &str, by: u8) -> LocalChange {
    record
        .edit(&[set(path, text)], actor(by), Timestamp::from_millis(0))
        .unwrap()
        .unwrap()
}

fn household() -> RecordDocument {
    RecordDocument::new(RecordKind::Household)
}

/// A change made with Automerge directly, as a modified app could.
fn forged(
    base: &RecordDocument,
    by: u8,
    write: impl FnOnce(&mut Transaction<'_>),
) -> InspectedChange {
    let mut doc = base.doc.clone();
    doc.set_actor(AutomergeActor::from([by; 16]));
    let mut transaction = doc.transaction();
    write(&mut transaction);
    transaction.commit_with(CommitOptions::default().with_time(0));
    let change = doc.get_last_local_change().unwrap();
    inspect(&change.hash().into(), change.raw_bytes()).unwrap()
}

fn device(by: u8) -> Writer {
    Writer::Device(actor(by))
}

#[test]
fn an_honest_change_passes_and_leaves_the_original_untouched() {
    let base = household();
    let mut author = base.clone();
    let change = edit(&mut author, "address.room", "501", 1);
    let inspected = inspect(&change.hash, &change.bytes).unwrap();
    let admitted = base.admit(&inspected, device(1)).unwrap();
    assert_eq!(admitted.heads(), author.heads());
    assert_ne!(base.heads(), author.heads());
    assert_eq!(
        admitted.admit(&inspected, device(1)).unwrap().heads(),
        admitted.heads()
    );
}

#[test]
fn a_flipped_byte_anywhere_is_refused() {
    let change = edit(&mut household(), "address.room", "501", 1);
    for index in 0..change.bytes.len() {
        let mut bytes = change.bytes.clone();
        bytes[index] ^= 0x20;
        assert!(inspect(&change.hash, &bytes).is_err(), "byte {index}");
    }
}

#[test]
fn another_actor_a_gap_and_missing_dependencies_are_named() {
    let base = household();
    let mut author = base.clone();
    let first = edit(&mut author, "address.room", "501", 1);
    let second = edit(&mut author, "address.room", "502", 1);
    let first = inspect(&first.hash, &first.bytes).unwrap();
    let second = inspect(&second.hash, &second.bytes).unwrap();
    assert_eq!(
        base.admit(&first, device(2)).unwrap_err(),
        GuardError::OtherActor
    );
    assert_eq!(
        base.admit(&second, device(1)).unwrap_err(),
        GuardError::MissingDeps(vec![first.hash()])
    );
    let mut skipping = Automerge::new();
    skipping.apply_changes(base.doc.get_changes(&[])).unwrap();
    skipping.set_actor(AutomergeActor::from([9; 16]));
    // Sequence numbers that skip ahead make Automerge assert; only a forged
    // chunk has them, so the number is patched into an honest one.
    let honest = forged(&base, 9, |t| t.put(ROOT, "x", "y").unwrap());
    let mut bytes = honest.bytes().to_vec();
    let at = bytes.windows(16).position(|w| w == [9; 16]).unwrap() + 16;
    assert_eq!(bytes[at], 1);
    bytes[at] = 100;
    let skipped = inspect(&reseal(&mut bytes), &bytes).unwrap();
    assert_eq!(
        base.admit(&skipped, device(9)).unwrap_err(),
        GuardError::SeqGap {
            last: 0,
            found: 100
        }
    );
}

/// Makes checksum and hash right again after bytes were changed.
fn reseal(bytes: &mut [u8]) -> ChangeHash {
    let hash: [u8; 32] = Sha256::digest(&bytes[8..]).into();
    bytes[4..8].copy_from_slice(&hash[..4]);
    ChangeHash::from_bytes(hash)
}

#[test]
fn a_second_change_with_the_same_number_is_a_fork() {
    let base = household();
    let one = edit(&mut base.clone(), "address.room", "501", 1);
    let two = edit(&mut base.clone(), "address.room", "502", 1);
    let admitted = base
        .admit(&inspect(&one.hash, &one.bytes).unwrap(), device(1))
        .unwrap();
    assert_eq!(
        admitted
            .admit(&inspect(&two.hash, &two.bytes).unwrap(), device(1))
            .unwrap_err(),
        GuardError::ActorFork(1)
    );
}

#[test]
fn only_the_server_writes_the_case() {
    let base = RecordDocument::new(RecordKind::Incident);
    let (_, case) = base.doc.get(ROOT, "case").unwrap().unwrap();
    let change = forged(&base, 1, |t| t.put(&case, "number", "SJ1").unwrap());
    assert_eq!(
        base.admit(&change, device(1)).unwrap_err(),
        GuardError::Authority("case.number".to_owned())
    );
    assert!(base.admit(&change, Writer::Feed).is_ok());
    let replaced = forged(&base, 1, |t| {
        t.put_object(ROOT, "case", ObjType::Map).unwrap();
    });
    assert!(base.admit(&replaced, device(1)).is_err());
}

#[test]
fn structure_cannot_be_replaced_or_deleted() {
    type Write = Box<dyn FnOnce(&mut Transaction<'_>)>;
    let mut base = household();
    edit(&mut base, "members.m1.name", "王小明", 1);
    let (_, members) = base.doc.get(ROOT, "members").unwrap().unwrap();
    let (_, address) = base.doc.get(ROOT, "address").unwrap().unwrap();
    let (_, notes) = base.doc.get(ROOT, "notes").unwrap().unwrap();
    let attempts: Vec<(&str, Write)> = vec![
        ("container replaced", {
            Box::new(|t| {
                t.put_object(ROOT, "members", ObjType::Map).unwrap();
            })
        }),
        (
            "container overwritten",
            Box::new(|t| t.put(ROOT, "address", "x").unwrap()),
        ),
        (
            "kind overwritten",
            Box::new(|t| t.put(ROOT, "record", "visit").unwrap()),
        ),
        (
            "container deleted",
            Box::new(|t| t.delete(ROOT, "members").unwrap()),
        ),
        (
            "text deleted",
            Box::new(|t| t.delete(ROOT, "notes").unwrap()),
        ),
        ("member deleted", {
            let members = members.clone();
            Box::new(move |t| t.delete(&members, "m1.name").unwrap())
        }),
        ("member overwritten by a map", {
            let members = members.clone();
            Box::new(move |t| {
                t.put_object(&members, "m1", ObjType::Map).unwrap();
            })
        }),
        ("root key like a member's field", {
            Box::new(|t| t.put(ROOT, "members.m1.name", "x").unwrap())
        }),
        ("root key that passes for a member's field", {
            Box::new(|t| t.put(ROOT, "members--m1--name", "x").unwrap())
        }),
        ("root key that passes for a part of what the record is", {
            Box::new(|t| t.put(ROOT, "record--x", "y").unwrap())
        }),
        ("object under a collection in the root", {
            Box::new(|t| {
                t.put_object(ROOT, "extra--a", ObjType::Map).unwrap();
            })
        }),
        ("list made", {
            let members = members.clone();
            Box::new(move |t| {
                t.put_object(&members, "m2", ObjType::List).unwrap();
            })
        }),
        ("map in a plain container", {
            let address = address.clone();
            Box::new(move |t| {
                t.put_object(&address, "room", ObjType::Map).unwrap();
            })
        }),
        ("counter", {
            let address = address.clone();
            Box::new(move |t| t.put(&address, "room", ScalarValue::counter(1)).unwrap())
        }),
        (
            "bytes",
            Box::new(move |t| t.put(&address, "room", vec![1_u8]).unwrap()),
        ),
        ("object inside a text", {
            Box::new(move |t| {
                t.insert_object(&notes, 0, ObjType::Map).unwrap();
            })
        }),
    ];
    for (name, write) in attempts {
        let change = forged(&base, 2, write);
        assert!(base.admit(&change, device(2)).is_err(), "{name}");
    }
}

#[test]
fn values_must_fit_their_fields_even_where_they_would_lose() {
    let mut base = household();
    edit(&mut base, "ledger", "tenant", 1);
    let change = forged(&base, 2, |t| t.put(ROOT, "ledger", "nonsense").unwrap());
    let error = base.admit(&change, device(2)).unwrap_err();
    assert_eq!(error.code(), "field");
    assert_eq!(error.detail(), "ledger not_a_choice");
    let (_, notes) = base.doc.get(ROOT, "notes").unwrap().unwrap();
    let long = "长".repeat(10_001);
    let error = base_admit_text(&base, &notes, &long);
    assert!(
        matches!(error, GuardError::Field { .. } | GuardError::TooManyOps),
        "{error:?}"
    );
    let error = base_admit_text(&base, &notes, "\u{202E}");
    assert_eq!(error.detail(), "notes bad_characters");
}

fn base_admit_text(base: &RecordDocument, notes: &automerge::ObjId, text: &str) -> GuardError {
    let mut doc = base.doc.clone();
    doc.set_actor(AutomergeActor::from([2; 16]));
    let mut transaction = doc.transaction();
    transaction.splice_text(notes, 0, 0, text).unwrap();
    transaction.commit_with(CommitOptions::default());
    let change = doc.get_last_local_change().unwrap();
    match inspect(&change.hash().into(), change.raw_bytes()) {
        Ok(inspected) => base.admit(&inspected, device(2)).unwrap_err(),
        Err(error) => error,
    }
}

#[test]
fn fields_of_newer_builds_are_kept() {
    let base = household();
    let (_, address) = base.doc.get(ROOT, "address").unwrap().unwrap();
    let change = forged(&base, 1, |t| {
        t.put(&address, "plus_code", "8Q7X").unwrap();
        t.put(ROOT, "colour", "green").unwrap();
    });
    let mut admitted = base.admit(&change, device(1)).unwrap();
    edit(&mut admitted, "address.room", "501", 2);
    let reloaded = RecordDocument::load(RecordKind::Household, Some(&admitted.save()), []).unwrap();
    assert_eq!(reloaded.text("address.plus_code").unwrap(), "8Q7X");
    assert_eq!(reloaded.text("colour").unwrap(), "green");
}

#[test]
fn collections_the_genesis_did_not_make_pass_also_where_they_are_not_known() {
    let base = household();
    let mut author = base.clone();
    let change = author
        .edit(
            &[
                set("extra.water_meter", "A-17"),
                set("extra.m1.shoe_size", "42"),
            ],
            actor(1),
            Timestamp::from_millis(0),
        )
        .unwrap()
        .unwrap();
    let change = inspect(&change.hash, &change.bytes).unwrap();
    // What the guard of the first build asks of a write it knows nothing of:
    // a plain value in the root, under a name of its alphabet without a dot.
    for op in &change.change.decode().operations {
        assert_eq!(op.obj, automerge::legacy::ObjectId::Root);
        assert!(op.pred.is_empty() && !op.insert);
        let automerge::legacy::Key::Map(key) = &op.key else {
            panic!("{op:?}")
        };
        let is_name = |b: u8| b.is_ascii_alphanumeric() || b == b'_' || b == b'-';
        assert!(key.bytes().all(is_name), "{key}");
    }
    let mut admitted = base.admit(&change, device(1)).unwrap();
    assert!(admit_first(RecordKind::Household, &change, device(1)).is_some());
    // A collection that only a newer build knows is kept and read as well.
    let newer = forged(&base, 2, |t| {
        t.put(ROOT, "tasks--t1--title", "查水表").unwrap();
    });
    admitted = admitted.admit(&newer, device(2)).unwrap();
    let loaded = RecordDocument::load(RecordKind::Household, Some(&admitted.save()), []).unwrap();
    assert_eq!(loaded.text("extra.water_meter").unwrap(), "A-17");
    assert_eq!(loaded.text("tasks.t1.title").unwrap(), "查水表");
    assert_eq!(loaded.entries("tasks"), ["t1"]);
    assert_eq!(loaded.entries("extra"), ["m1"]);
    assert_eq!(loaded.read().text("extra.m1.shoe_size"), "42");
    let history = loaded.history();
    let written = history.iter().flat_map(|entry| &entry.fields);
    assert!(
        written
            .into_iter()
            .any(|field| field.path.as_str() == "tasks.t1.title")
    );
}

#[test]
fn a_newer_builds_number_must_be_one() {
    let base = household();
    let (_, address) = base.doc.get(ROOT, "address").unwrap().unwrap();
    for number in [f64::NAN, -f64::NAN, f64::INFINITY, f64::NEG_INFINITY] {
        let in_root = forged(&base, 1, |t| t.put(ROOT, "height_m", number).unwrap());
        let inside = forged(&base, 1, |t| t.put(&address, "height_m", number).unwrap());
        for change in [&in_root, &inside] {
            for writer in [device(1), Writer::Feed] {
                let error = base.admit(change, writer).unwrap_err();
                assert_eq!(error.code(), "field", "{number}");
                assert!(error.detail().ends_with("height_m not_a_number"));
                assert_eq!(admit_first(RecordKind::Household, change, writer), None);
            }
        }
    }
    for number in [0.0, -0.0, f64::MAX, f64::MIN_POSITIVE, 1e-320] {
        let change = forged(&base, 1, |t| t.put(ROOT, "height_m", number).unwrap());
        let admitted = base.admit(&change, device(1)).unwrap();
        let reloaded =
            RecordDocument::load(RecordKind::Household, Some(&admitted.save()), []).unwrap();
        assert_eq!(reloaded.read(), admitted.read(), "{number}");
    }
}

#[test]
fn a_million_operations_in_a_kilobyte_are_refused_before_they_are_read() {
    // M1 of the threat list: a list of a million equal numbers.
    let mut doc = Automerge::new();
    let mut transaction = doc.transaction();
    let list = transaction.put_object(ROOT, "l", ObjType::List).unwrap();
    transaction
        .splice(&list, 0, 0, vec![ScalarValue::Int(1); 1_000_000])
        .unwrap();
    transaction.commit();
    let change = doc.get_last_local_change().unwrap();
    let bytes = change.raw_bytes();
    assert!(bytes.len() < 1_100_000);
    let error = inspect(&change.hash().into(), bytes).unwrap_err();
    assert!(
        matches!(error, GuardError::TooManyOps | GuardError::TooLarge { .. }),
        "{error:?}"
    );
}

#[test]
fn a_compressed_change_is_refused_unopened() {
    // M2 of the threat list: a deflated change of one long string.
    let mut doc = Automerge::new();
    let mut transaction = doc.transaction();
    transaction.put(ROOT, "s", "a".repeat(100_000)).unwrap();
    transaction.commit();
    let mut change = doc.get_last_local_change().unwrap();
    let hash = change.hash().into();
    let bytes = change.bytes().to_vec();
    assert_eq!(bytes[8], 2);
    assert_eq!(
        inspect(&hash, &bytes).unwrap_err(),
        GuardError::NotAChange("another chunk type")
    );
}

#[test]
fn hostile_fixtures_end_as_errors() {
    let folder = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/../../tests/fixtures/automerge-hostile"
    );
    let mut seen = 0;
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let bytes = std::fs::read(&path).unwrap();
        // The attacker names the right hash; anything else ends at once.
        let hash: [u8; 32] = Sha256::digest(bytes.get(8..).unwrap_or_default()).into();
        let outcome = inspect(&ChangeHash::from_bytes(hash), &bytes).and_then(|change| {
            let writer = Writer::Device(change.actor());
            household().admit(&change, writer).map(|_| ())
        });
        assert!(outcome.is_err(), "{} was taken", path.display());
        seen += 1;
    }
    assert!(seen > 100, "only {seen} fixtures");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    /// Mutated honest changes with checksum and hash made right: the guard
    /// answers, and what it takes is a readable record.
    #[test]
    fn mutated_changes_never_panic_or_corrupt(
        edits in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..6),
        cut in any::<prop::sample::Index>(),
        shorten in any::<bool>(),
    ) {
        let base = household();
        let mut author = base.clone();
        let change = author
            .edit(
                &[set("members.m.name", "王小明"), set("address.room", "501"), set("notes", "平安")],
                actor(1),
                Timestamp::from_millis(0),
            )
            .unwrap()
            .unwrap();
        let mut bytes = change.bytes;
        for (index, byte) in edits {
            let at = 9 + index.index(bytes.len() - 9);
            bytes[at] = byte;
        }
        if shorten {
            bytes.truncate(9 + cut.index(bytes.len() - 9));
        }
        let hash = reseal(&mut bytes);
        if let Ok(inspected) = inspect(&hash, &bytes)
            && let Ok(admitted) = base.admit(&inspected, Writer::Device(inspected.actor()))
        {
            let reloaded =
                RecordDocument::load(RecordKind::Household, Some(&admitted.save()), []).unwrap();
            prop_assert_eq!(reloaded.read(), admitted.read());
        }
    }
}

/// A request in an incident, as one change.
fn ask(document: &mut RecordDocument, fields: &[(&str, &str)], actor: u8) -> LocalChange {
    let edits: Vec<FieldEdit> = fields
        .iter()
        .map(|(field, text)| {
            let path = FieldPath::new(format!("requests.r1.{field}")).unwrap();
            FieldEdit::set(path, FieldValue::text(*text))
        })
        .collect();
    document
        .edit(
            &edits,
            ActorId::from_bytes([actor; 16]),
            Timestamp::from_millis(0),
        )
        .unwrap()
        .unwrap()
}

#[test]
fn a_request_is_filed_whole_and_never_changed() {
    let base = RecordDocument::new(RecordKind::Incident);
    let filed = ask(
        &mut base.clone(),
        &[("verb", "file"), ("text", "请立案")],
        1,
    );
    assert!(may_hold_request(&filed.bytes));
    let filed = inspect(&filed.hash, &filed.bytes).unwrap();
    assert_eq!(filed.named_by_requests().entries, ["r1"]);
    // The quick way and the slow one agree.
    assert!(
        admit_first(RecordKind::Incident, &filed, device(1))
            .unwrap()
            .has_requests()
    );
    let held = base.admit(&filed, device(1)).unwrap();
    let refused = |document: &RecordDocument, change: &LocalChange, actor| {
        let change = inspect(&change.hash, &change.bytes).unwrap();
        document.admit(&change, device(actor)).unwrap_err()
    };
    // Neither its author nor anybody else writes into it.
    for actor in [1, 2] {
        let more = ask(&mut held.clone(), &[("verb", "void")], actor);
        assert_eq!(
            refused(&held, &more, actor),
            GuardError::Request("requests.*.verb".to_owned())
        );
        let more = ask(&mut held.clone(), &[("unit", "x")], actor);
        assert_eq!(
            refused(&held, &more, actor),
            GuardError::Request("requests.*.unit".to_owned())
        );
    }
    // Somebody who never saw it and names it alike.
    let alike = ask(&mut base.clone(), &[("verb", "void")], 2);
    assert_eq!(
        refused(&held, &alike, 2),
        GuardError::Request("requests.*.verb".to_owned())
    );
    let part = ask(&mut base.clone(), &[("text", "没有动作")], 1);
    assert_eq!(
        refused(&base, &part, 1),
        GuardError::Request("requests.*.verb".to_owned())
    );
    let part = inspect(&part.hash, &part.bytes).unwrap();
    assert!(admit_first(RecordKind::Incident, &part, device(1)).is_none());
    // What the server answers no device writes.
    for root in ["outcomes", "timeline", "joint"] {
        let change = forged(&base, 1, |t| {
            t.put(ROOT, format!("{root}--r1--code"), "x").unwrap();
        });
        assert!(matches!(
            base.admit(&change, device(1)).unwrap_err(),
            GuardError::Authority(path) if path.starts_with(root)
        ));
    }
    // The feed brings anything.
    let more = ask(&mut held.clone(), &[("unit", "x")], 1);
    let more = inspect(&more.hash, &more.bytes).unwrap();
    assert!(held.admit(&more, Writer::Feed).is_ok());
    assert!(!may_hold_request(
        &edit(&mut household(), "address.room", "501", 1).bytes
    ));
}
