use super::*;
use crate::{ActorId, document::RecordDocument};

const ALIAS: RecordId = RecordId::from_bytes([2; 16]);
const SERVER: ActorId = ActorId::from_bytes([9; 16]);
const AT: Timestamp = Timestamp::from_millis(1_000);

/// A household with these fields; a value that is empty is cleared.
fn household(author: u8, fields: &[(&str, &str)]) -> RecordDocument {
    let mut document = RecordDocument::new(RecordKind::Household);
    write(&mut document, author, fields);
    document
}

fn write(document: &mut RecordDocument, author: u8, fields: &[(&str, &str)]) {
    let edits: Vec<FieldEdit> = fields
        .iter()
        .filter_map(|(path, text)| edit(path, (!text.is_empty()).then(|| FieldValue::text(*text))))
        .collect();
    document
        .edit(&edits, ActorId::from_bytes([author; 16]), AT)
        .unwrap();
}

/// Brings the alias's changes over; answers the fields that came.
fn bring(kept: &mut RecordDocument, alias: &RecordDocument) -> Vec<String> {
    let landing = land(&kept.read(), ALIAS, alias);
    kept.edit(&landing.fields, SERVER, AT).unwrap();
    kept.edit_as_server(&landing.marks, SERVER, AT).unwrap();
    let paths = landing.fields.iter().map(|edit| edit.path.to_string());
    paths.collect()
}

fn take_back(kept: &mut RecordDocument, alias: &mut RecordDocument) {
    bring(kept, alias);
    let parting = part(RecordKind::Household, &kept.read(), ALIAS, &alias.read());
    kept.edit(&parting.kept, SERVER, AT).unwrap();
    kept.edit_as_server(&parting.kept_marks, SERVER, AT)
        .unwrap();
    alias.edit(&parting.alias, SERVER, AT).unwrap();
    alias
        .edit_as_server(&parting.alias_marks, SERVER, AT)
        .unwrap();
}

fn said(kept: &RecordDocument, alias: &RecordDocument) -> Vec<(String, String)> {
    differences(&kept.read(), ALIAS, alias)
        .into_iter()
        .flat_map(|difference| {
            let path = difference.path.to_string();
            let theirs = difference.theirs.into_iter();
            theirs.map(move |value| (path.clone(), value.to_display()))
        })
        .collect()
}

fn text(document: &RecordDocument, path: &str) -> String {
    document.text(path).unwrap_or_default()
}

#[test]
fn what_is_empty_is_filled_and_what_differs_is_said_beside_it() {
    let mut kept = household(1, &[("contact.name", "王小明"), ("address.room", "501")]);
    let alias = household(
        2,
        &[
            ("contact.name", "李雷"),
            ("contact.phone", "13800138000"),
            ("address.room", "501"),
            ("address.estate", "阳光花园"),
            ("dwelling.structure", crate::document::schema::STRUCTURE[0]),
            ("notes", "有楼梯"),
        ],
    );
    let came = bring(&mut kept, &alias);
    assert_eq!(came, ["dwelling.structure", "notes"]);
    assert_eq!(text(&kept, "contact.name"), "王小明");
    assert_eq!(
        text(&kept, "contact.phone"),
        "",
        "another person's number is not this one's"
    );
    assert_eq!(
        said(&kept, &alias),
        [
            ("address.estate".to_owned(), "阳光花园".to_owned()),
            ("contact.name".to_owned(), "李雷".to_owned()),
            ("contact.phone".to_owned(), "13800138000".to_owned()),
        ]
    );
    assert!(
        land(&kept.read(), ALIAS, &alias).is_empty(),
        "it is done once"
    );
}

#[test]
fn a_person_in_both_stays_one_and_others_come_with_their_ids() {
    let mut kept = household(
        1,
        &[
            ("members.a.name", "王小明"),
            ("members.a.citizen_id", "370102189912319991"),
        ],
    );
    let alias = household(
        2,
        &[
            ("members.b.name", "王 小明"),
            ("members.b.phone", "13800138000"),
            ("members.c.name", "李雷"),
            ("members.c.guardian", "b"),
            ("labels.l.group", crate::document::schema::CARE_GROUP[0]),
            ("labels.l.member", "b"),
        ],
    );
    bring(&mut kept, &alias);
    assert_eq!(kept.entries("members"), ["a", "c"]);
    assert_eq!(text(&kept, "members.a.phone"), "13800138000");
    assert_eq!(text(&kept, "members.c.guardian"), "a");
    assert_eq!(text(&kept, "labels.l.member"), "a");
    assert_eq!(
        said(&kept, &alias),
        [("members.a.name".to_owned(), "王 小明".to_owned())]
    );
}

#[test]
fn late_changes_of_the_alias_come_over_where_nobody_wrote_meanwhile() {
    let mut kept = household(1, &[("contact.name", "王小明")]);
    let mut alias = household(2, &[("notes", "有楼梯"), ("members.c.name", "李雷")]);
    bring(&mut kept, &alias);
    // Nobody touched what came over: it follows.
    write(
        &mut alias,
        2,
        &[
            ("notes", "有电梯"),
            ("members.c.phone", "13800138000"),
            ("members.d.name", "韩梅梅"),
        ],
    );
    bring(&mut kept, &alias);
    assert_eq!(text(&kept, "notes"), "有电梯");
    assert_eq!(text(&kept, "members.c.phone"), "13800138000");
    assert_eq!(text(&kept, "members.d.name"), "韩梅梅");
    assert_eq!(said(&kept, &alias), []);
    // Somebody did: both are kept, and seen.
    write(&mut kept, 1, &[("members.c.phone", "13900139000")]);
    write(
        &mut alias,
        2,
        &[("members.c.phone", "13700137000"), ("contact.name", "李雷")],
    );
    bring(&mut kept, &alias);
    assert_eq!(text(&kept, "members.c.phone"), "13900139000");
    assert_eq!(
        said(&kept, &alias),
        [
            ("contact.name".to_owned(), "李雷".to_owned()),
            ("members.c.phone".to_owned(), "13700137000".to_owned()),
        ]
    );
}

#[test]
fn what_was_settled_is_told_again_only_if_the_alias_changes() {
    let mut kept = household(1, &[("contact.name", "王小明"), ("notes", "一")]);
    let mut alias = household(2, &[("contact.name", "李雷"), ("notes", "二")]);
    bring(&mut kept, &alias);
    let say = |kept: &mut RecordDocument, alias: &RecordDocument, path: &str, choice| {
        let path = FieldPath::new(path).unwrap();
        let choice: Option<&str> = choice;
        let choice = choice.map(FieldValue::text);
        let landing = settle(&kept.read(), alias, ALIAS, &path, choice.as_ref()).unwrap();
        kept.edit(&landing.fields, SERVER, AT).unwrap();
        kept.edit_as_server(&landing.marks, SERVER, AT).unwrap();
    };
    say(&mut kept, &alias, "contact.name", None);
    say(&mut kept, &alias, "notes", Some("二"));
    assert_eq!(
        text(&kept, "notes"),
        "一\n二",
        "nobody's text is overwritten"
    );
    assert_eq!(said(&kept, &alias), []);
    write(&mut alias, 2, &[("contact.name", "李磊")]);
    bring(&mut kept, &alias);
    assert_eq!(
        said(&kept, &alias),
        [("contact.name".to_owned(), "李磊".to_owned())]
    );
}

#[test]
fn parted_again_both_are_whole_and_later_edits_are_where_they_belong() {
    let mut kept = household(1, &[("members.a.name", "王小明")]);
    let mut alias = household(
        2,
        &[
            ("members.b.name", "王小明"),
            ("members.b.phone", "13800138000"),
            ("members.c.name", "李雷"),
            ("contact.name", "李雷"),
        ],
    );
    let (one, two) = (kept.fields(), alias.fields());
    bring(&mut kept, &alias);
    take_back(&mut kept, &mut alias);
    assert_eq!(kept.fields(), one, "as if it had never been");
    assert_eq!(alias.fields(), two);

    bring(&mut kept, &alias);
    write(
        &mut kept,
        1,
        &[("members.c.phone", "13900139000"), ("contact.name", "李磊")],
    );
    write(&mut alias, 2, &[("members.c.sex", "1")]);
    take_back(&mut kept, &mut alias);
    assert_eq!(kept.entries("members"), ["a"], "who came over went back");
    assert_eq!(text(&kept, "members.c.name"), "");
    assert_eq!(text(&alias, "members.c.phone"), "13900139000");
    assert_eq!(text(&alias, "members.c.sex"), "1");
    assert_eq!(
        text(&kept, "contact.name"),
        "李磊",
        "somebody wrote it here"
    );
    assert_eq!(text(&alias, "contact.name"), "李雷");
    assert_eq!(Absorbed::list(&kept.read()), []);
}

#[test]
fn a_mark_is_read_back_and_cleared() {
    let mut document = household(1, &[("notes", "一")]);
    let mark = Merged {
        into: RecordId::from_bytes([7; 16]),
        at: Some(AT),
        by: "0190".to_owned(),
    };
    document.edit_as_server(&mark.edits(), SERVER, AT).unwrap();
    assert_eq!(Merged::of(&document.read()), Some(mark.clone()));
    assert_eq!(document.summary().merged_into, Some(mark.into));
    document
        .edit_as_server(&Merged::clear(), SERVER, AT)
        .unwrap();
    assert_eq!(Merged::of(&document.read()), None);
    assert_eq!(document.summary().merged_into, None);
    for mark in mark.edits() {
        let refused = document.edit(&[mark], ActorId::from_bytes([1; 16]), AT);
        assert!(refused.is_err(), "only the server writes it");
    }
}
