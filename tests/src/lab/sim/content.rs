//! What workers enter: fields chosen so that two phones often meet in one
//! field, and values that are never the same twice, so that each edit can be
//! found again. Everybody and everything is made up.

use wangge_model::{
    FieldPath, FieldValue, RecordKind,
    document::{
        FieldEdit, RecordDocument,
        schema::{LEDGER, OWNERSHIP, PLACE_KIND, PLACE_STATE, URGENCY, VISIT_KIND, VISIT_RESULT},
    },
};

use super::dice::Dice;

/// What a worker enters in one go.
#[derive(Debug)]
pub(super) struct Entry {
    pub(super) edits: Vec<FieldEdit>,
    /// The values are this edit's alone, so its change must be found. A choice
    /// out of a few codes may turn out to be there already.
    pub(super) unique: bool,
}

/// Characters of a shared text after which it is written anew.
const LONG_TEXT: usize = 120;

#[expect(clippy::expect_used, reason = "the paths are those written below")]
fn set(path: &str, value: impl Into<String>) -> FieldEdit {
    let path = FieldPath::new(path).expect("a field's path");
    FieldEdit::set(path, FieldValue::text(value))
}

fn entry(collection: &str, id: &str, field: &str, value: String) -> FieldEdit {
    FieldEdit::set(
        FieldPath::entry(collection, &id, field),
        FieldValue::text(value),
    )
}

/// A mobile number that only edit `number` has.
fn mobile(number: u64) -> String {
    format!("139{:08}", number % 100_000_000)
}

fn unique(edits: Vec<FieldEdit>) -> Entry {
    Entry {
        edits,
        unique: true,
    }
}

fn choice(dice: &mut Dice, path: &str, codes: &[&str]) -> Entry {
    let code = dice.pick(codes).copied().unwrap_or_default();
    Entry {
        edits: vec![set(path, code)],
        unique: false,
    }
}

/// The kind of the record to be entered next: per 20 five households, 12
/// visits, two incidents, one place.
pub(super) fn kind(dice: &mut Dice) -> RecordKind {
    match dice.below(20) {
        0..5 => RecordKind::Household,
        5..17 => RecordKind::Visit,
        17 => RecordKind::Place,
        _ => RecordKind::Incident,
    }
}

/// A new record of this kind, as edit `number`.
pub(super) fn new_record(dice: &mut Dice, kind: RecordKind, number: u64) -> Entry {
    let id = dice.entry_id();
    unique(match kind {
        RecordKind::Household => vec![
            set("address.estate", format!("示例小区{number}")),
            set("address.building", format!("{number}号楼")),
            set("contact.name", format!("王小明{number}")),
            set("contact.phone", mobile(number)),
            entry("members", &id, "name", format!("李秀英{number}")),
            entry("members", &id, "phone", mobile(number)),
        ],
        RecordKind::Visit => vec![
            set("kind", dice.pick(VISIT_KIND).copied().unwrap_or_default()),
            set("person_met", format!("张伟{number}")),
            set("diary", format!("入户走访，了解家庭近况。第{number}次")),
        ],
        RecordKind::Incident => vec![
            set("title", format!("楼道灯不亮{number}")),
            set("place", format!("示例街道{number}号")),
            set("urgency", dice.pick(URGENCY).copied().unwrap_or_default()),
            set("description", format!("报修{number}")),
        ],
        RecordKind::Place => vec![
            set("name", format!("便利店{number}")),
            set("kind", dice.pick(PLACE_KIND).copied().unwrap_or_default()),
            set("contact.phone", mobile(number)),
            entry("hazards", &id, "remark", format!("消防通道堆物{number}")),
        ],
    })
}

/// A targeted change of a record, as edit `number`; `None` if it needs to see
/// the record first, as [`continued_text`] does.
pub(super) fn edit(dice: &mut Dice, kind: RecordKind, number: u64) -> Option<Entry> {
    let text = |path: &str, stem: &str| unique(vec![set(path, format!("{stem}{number}"))]);
    Some(match (kind, dice.below(20)) {
        (RecordKind::Household | RecordKind::Incident | RecordKind::Place, 0) => return None,
        (RecordKind::Household, 1..5) => text("contact.name", "陈静"),
        (RecordKind::Household, 5..9) => unique(vec![set("contact.phone", mobile(number))]),
        (RecordKind::Household, 9..11) => text("address.room", "室"),
        (RecordKind::Household, 11..13) => choice(dice, "ledger", LEDGER),
        (RecordKind::Household, 13) => choice(dice, "dwelling.ownership", OWNERSHIP),
        (RecordKind::Household, 16) => text("extra.water_meter", "表"),
        (RecordKind::Household, 17) => {
            let id = dice.entry_id();
            unique(vec![entry("links", &id, "name", format!("郑爱华{number}"))])
        }
        (RecordKind::Household, 14..16) => {
            let id = dice.entry_id();
            unique(vec![
                entry("members", &id, "name", format!("赵磊{number}")),
                entry("members", &id, "phone", mobile(number)),
            ])
        }
        (RecordKind::Household, _) => unique(vec![
            set("dwelling.landlord_name", format!("周敏{number}")),
            set("dwelling.landlord_phone", mobile(number)),
        ]),
        (RecordKind::Visit, 0..6) => text("diary", "老人身体状况良好。"),
        (RecordKind::Visit, 6..12) => text("person_met", "吴桂英"),
        (RecordKind::Visit, 12..15) => choice(dice, "result", VISIT_RESULT),
        (RecordKind::Visit, 15..17) => {
            let id = dice.entry_id();
            unique(vec![entry(
                "opinions",
                &id,
                "text",
                format!("路灯不亮{number}"),
            )])
        }
        (RecordKind::Visit, _) => {
            let id = dice.entry_id();
            unique(vec![entry(
                "checks",
                &id,
                "remark",
                format!("合格{number}"),
            )])
        }
        (RecordKind::Place, 1..8) => text("name", "好邻居"),
        (RecordKind::Place, 8..14) => choice(dice, "state", PLACE_STATE),
        (RecordKind::Place, _) => {
            let id = dice.entry_id();
            unique(vec![entry(
                "checks",
                &id,
                "item",
                format!("灭火器{number}"),
            )])
        }
        (RecordKind::Incident, 1..8) => text("title", "水管漏水"),
        (RecordKind::Incident, 8..14) => text("place", "示例路"),
        (RecordKind::Incident, 14..17) => choice(dice, "urgency", URGENCY),
        (RecordKind::Incident, _) => {
            let id = dice.entry_id();
            unique(vec![entry("parties", &id, "name", format!("孙强{number}"))])
        }
    })
}

/// Goes on writing the record's shared text.
pub(super) fn continued_text(document: &RecordDocument, kind: RecordKind, number: u64) -> Entry {
    let path = match kind {
        RecordKind::Incident => "description",
        RecordKind::Household | RecordKind::Visit | RecordKind::Place => "notes",
    };
    let before = document.text(path).unwrap_or_default();
    let text = if before.chars().count() > LONG_TEXT {
        format!("重写{number}")
    } else {
        format!("{before}；{number}")
    };
    unique(vec![set(path, text)])
}
