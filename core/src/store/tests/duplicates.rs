//! Whether what is being typed is on file already.

use wangge_model::{RecordKind, duplicate::MatchKind};

use super::{Hub, Phone, grid, set};
use crate::Duplicate;

fn kinds(found: &[Duplicate]) -> Vec<Vec<MatchKind>> {
    let kinds = |one: &Duplicate| one.signs.iter().map(|sign| sign.kind).collect();
    found.iter().map(kinds).collect()
}

/// A phone with a household on file in each of two grids, at the same address.
fn phone() -> Phone {
    let phone = Phone::enrolled(1, &[1, 2]);
    for number in [1, 2] {
        phone
            .core()
            .create_record(
                RecordKind::Household,
                grid(number),
                &[
                    set("address.estate", "阳光花园"),
                    set("address.building", "3号楼"),
                    set("address.room", "501"),
                    set("members.p1.name", "李雷"),
                    set("members.p1.citizen_id", "370102189912319991"),
                ],
            )
            .unwrap();
    }
    phone
}

#[test]
fn an_address_a_person_and_a_number_are_recognised_while_typing() {
    let phone = phone();
    let look = |edits: &[_]| {
        let core = phone.core();
        core.find_duplicates(RecordKind::Household, Some(grid(1)), None, edits)
            .unwrap()
    };
    assert_eq!(look(&[set("address.estate", "阳光花园")]), []);
    // Half typed, and wrong in one box: the rest counts.
    let address = look(&[
        set("address.estate", "阳光花园"),
        set("address.building", "三号楼"),
        set("address.room", "501室"),
        set("contact.phone", "1380013"),
    ]);
    assert_eq!(
        kinds(&address),
        [[MatchKind::Address]],
        "one street's 3号楼 is not another's"
    );
    let person = look(&[
        set("members.x.name", "李 雷"),
        set("members.x.birth_date", "1899-12-31"),
    ]);
    assert_eq!(
        kinds(&person),
        [[MatchKind::NameAndBirth], [MatchKind::NameAndBirth]]
    );
    let sign = &person[0].signs[0];
    assert_eq!(
        (sign.mine.as_str(), sign.theirs.as_str(), sign.name.as_str()),
        ("x", "p1", "李雷")
    );
    let number = look(&[
        set("members.x.name", "李雷"),
        set("members.x.citizen_id", "370102 1899 1231 9991"),
    ]);
    assert_eq!(kinds(&number).len(), 0, "that is no number yet");
    let number = look(&[
        set("members.x.name", "李雷"),
        set("members.x.citizen_id", "370102189912319991"),
    ]);
    let both = vec![MatchKind::IdentityNumber, MatchKind::NameAndBirth];
    assert_eq!(kinds(&number), [both.clone(), both]);
}

#[test]
fn a_record_is_no_duplicate_of_itself_and_who_left_does_not_count() {
    let phone = phone();
    let core = phone.core();
    let rows = core.list_records(&crate::RecordQuery::default()).unwrap();
    let (one, two) = (rows[0].id, rows[1].id);
    let found = core
        .find_duplicates(RecordKind::Household, None, Some(one), &[])
        .unwrap();
    assert_eq!(
        found.iter().map(|found| found.row.id).collect::<Vec<_>>(),
        [two]
    );
    core.edit_record(two, &[set("members.p1.left_on", "2026-11-01")])
        .unwrap();
    let found = core
        .find_duplicates(RecordKind::Household, None, Some(one), &[])
        .unwrap();
    assert_eq!(found, []);
    // What is typed over what is there counts too.
    let moved = core
        .find_duplicates(
            RecordKind::Household,
            None,
            Some(two),
            &[set("members.p1.left_on", "")],
        )
        .unwrap();
    assert_eq!(moved.len(), 1);
}

#[test]
fn what_a_snapshot_brought_is_found_as_well_and_places_by_their_code() {
    let mut hub = Hub::new();
    let one = phone();
    one.core()
        .create_record(
            RecordKind::Place,
            grid(1),
            &[
                set("name", "好邻居便利店"),
                set("credit_code", "91370102000000000N"),
            ],
        )
        .unwrap();
    hub.sync(&one);
    let two = Phone::enrolled(2, &[1, 2]);
    hub.sync(&two);
    let look = |kind, edits: &[_]| {
        let core = two.core();
        core.find_duplicates(kind, Some(grid(1)), None, edits)
            .unwrap()
    };
    let number = [set("members.x.citizen_id", "370102189912319991")];
    assert_eq!(look(RecordKind::Household, &number).len(), 2);
    let code = [set("credit_code", "91370102000000000n")];
    assert_eq!(
        kinds(&look(RecordKind::Place, &code)),
        [[MatchKind::CreditCode]]
    );
    assert_eq!(
        two.core().store.rebuild_projections().unwrap(),
        0,
        "as if computed anew"
    );
}

#[test]
fn no_identity_number_is_in_what_is_kept_to_compare() {
    let phone = phone();
    phone.store().tidy().unwrap();
    let (rows, bytes): (i64, Vec<u8>) = phone
        .store()
        .read(|db| {
            let sql = "SELECT (SELECT count(*) FROM match_key), signs FROM match_key LIMIT 1";
            Ok(db.query_row(sql, [], |row| Ok((row.get(0)?, row.get(1)?)))?)
        })
        .unwrap();
    assert_eq!((rows, bytes.len()), (2, 3 * 9), "three signs of nine bytes");
    let has = |what: &[u8]| bytes.windows(what.len()).any(|window| window == what);
    assert!(!has(b"3701021899") && !has("李雷".as_bytes()));
}
