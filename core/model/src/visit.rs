//! A visit with its diary (入户走访, 民情日记), read from its document.

use std::collections::BTreeMap;

use crate::{
    RecordId, Timestamp,
    document::{Fields, RecordDocument},
    place::{Check, read_checks},
};

/// One visit as it stands. Empty text means: not recorded.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Visit {
    /// The household visited.
    pub household: Option<RecordId>,
    /// The place visited, where it is no household.
    pub place: Option<RecordId>,
    /// Whether it was on a plan.
    pub planned: bool,
    /// The plan or campaign it was on; empty if none.
    pub plan: String,
    /// Kind code, see [`crate::document::schema::VISIT_KIND`].
    pub kind: String,
    /// How it was made, see [`crate::document::schema::VISIT_FORM`].
    pub form: String,
    /// Start by the phone's clock.
    pub started_at: Option<Timestamp>,
    /// End by the phone's clock.
    pub ended_at: Option<Timestamp>,
    /// WGS-84 position, if taken.
    pub point: Option<crate::coordinate::Point>,
    /// Whether the phone says that another app made the position up.
    pub is_mocked: bool,
    /// Metres between the position and the door, as the phone reckoned.
    pub door_distance_m: Option<f64>,
    /// Why it was made from farther away, as the visitor says.
    pub distance_reason: String,
    /// Id of the person who made it; empty in visits of before 0.2.
    pub visitor: String,
    /// Who came along, in words.
    pub companions: String,
    /// What came of it, see [`crate::document::schema::VISIT_RESULT`].
    pub result: String,
    /// Who was met.
    pub person_met: String,
    /// What became of what was asked, see [`crate::document::schema::DEMANDS`].
    pub demands: String,
    /// When to come again, `YYYY-MM-DD`.
    pub follow_up_on: String,
    /// What was checked, by id.
    pub checks: BTreeMap<String, Check>,
    /// Opinions heard, by id.
    pub opinions: BTreeMap<String, Opinion>,
    /// What the visitor promised, by id.
    pub promises: BTreeMap<String, Promise>,
    /// Photos taken, by id.
    pub photos: BTreeMap<String, Photo>,
    /// What people think, hope for and ask.
    pub diary: String,
}

/// An opinion heard on a visit (民情日志).
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Opinion {
    /// What it is about, see [`crate::document::schema::OPINION_CATEGORY`].
    pub category: String,
    /// What was said.
    pub text: String,
    /// Done at once or jointly with a limit, see
    /// [`crate::document::schema::OPINION_HANDLING`].
    pub handling: String,
    /// The limit, `YYYY-MM-DD`.
    pub due_on: String,
    /// When it was done.
    pub done_on: String,
    /// The incident it became, if it did.
    pub incident: Option<RecordId>,
}

/// Something the visitor promised.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Promise {
    /// What.
    pub text: String,
    /// By when, `YYYY-MM-DD`.
    pub due_on: String,
    /// When it was kept; empty while it is open.
    pub kept_on: String,
}

/// A photo, by its content.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Photo {
    /// SHA-256 of the file, in hex.
    pub sha256: String,
    /// When it was taken, by the phone's clock.
    pub taken_at: Option<Timestamp>,
    /// What it shows.
    pub remark: String,
}

impl Visit {
    /// Reads the whole record.
    pub fn read(document: &RecordDocument) -> Self {
        Self::of(&document.read())
    }

    /// The visit that these fields say.
    pub fn of(fields: &Fields) -> Self {
        let text = |path: &str| fields.text(path);
        Self {
            household: text("household").parse().ok(),
            place: text("place").parse().ok(),
            planned: fields.flag("planned") == Some(true),
            plan: text("plan"),
            kind: text("kind"),
            form: text("form"),
            started_at: fields.time("started_at"),
            ended_at: fields.time("ended_at"),
            point: fields.point(),
            is_mocked: fields.flag("point.mock") == Some(true),
            door_distance_m: fields.number("door_distance_m"),
            distance_reason: text("distance_reason"),
            visitor: text("visitor"),
            companions: text("companions"),
            result: text("result"),
            person_met: text("person_met"),
            demands: text("demands"),
            follow_up_on: text("follow_up_on"),
            checks: read_checks(fields),
            opinions: entries(fields, "opinions", |text| Opinion {
                category: text("category"),
                text: text("text"),
                handling: text("handling"),
                due_on: text("due_on"),
                done_on: text("done_on"),
                incident: text("incident").parse().ok(),
            }),
            promises: entries(fields, "promises", |text| Promise {
                text: text("text"),
                due_on: text("due_on"),
                kept_on: text("kept_on"),
            }),
            photos: fields
                .entries("photos")
                .into_iter()
                .map(|id| {
                    let photo = Photo {
                        sha256: text(&format!("photos.{id}.sha256")),
                        taken_at: fields.time(&format!("photos.{id}.taken_at")),
                        remark: text(&format!("photos.{id}.remark")),
                    };
                    (id.to_owned(), photo)
                })
                .collect(),
            diary: text("diary"),
        }
    }
}

fn entries<T>(
    fields: &Fields,
    collection: &str,
    read: impl Fn(&dyn Fn(&str) -> String) -> T,
) -> BTreeMap<String, T> {
    let ids = fields.entries(collection).into_iter();
    ids.map(|id| {
        let one = read(&|name: &str| fields.text(&format!("{collection}.{id}.{name}")));
        (id.to_owned(), one)
    })
    .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{ActorId, FieldPath, FieldValue, RecordKind, document::FieldEdit};

    #[test]
    fn opinions_promises_checks_and_photos_are_read_back() {
        let mut document = RecordDocument::new(RecordKind::Visit);
        let set = |path: &str, value| FieldEdit::set(FieldPath::new(path).unwrap(), value);
        let text = |path: &str, text: &str| set(path, FieldValue::text(text));
        let at = Timestamp::from_millis(5);
        let edits = [
            set("planned", FieldValue::Flag(true)),
            set("point.mock", FieldValue::Flag(true)),
            set("door_distance_m", FieldValue::Number(210.5)),
            text("distance_reason", "老人住院，在楼下见到家属"),
            text("checks.c.item", "燃气软管"),
            set("checks.c.passed", FieldValue::Flag(true)),
            text("opinions.o.category", "city"),
            text("opinions.o.text", "路灯不亮"),
            text("opinions.o.handling", "with_limit"),
            text("opinions.o.due_on", "2026-12-01"),
            text("promises.p.text", "帮忙联系物业"),
            text("promises.p.due_on", "2026-11-30"),
            text("photos.f.sha256", &"0a".repeat(32)),
            set("photos.f.taken_at", FieldValue::Time(at)),
        ];
        let actor = ActorId::from_bytes([1; 16]);
        document.edit(&edits, actor, at).unwrap();
        let visit = Visit::read(&document);
        assert!(visit.planned && visit.is_mocked);
        assert_eq!(visit.door_distance_m, Some(210.5));
        assert_eq!(visit.checks["c"].passed, Some(true));
        assert_eq!(visit.opinions["o"].due_on, "2026-12-01");
        assert_eq!(visit.promises["p"].kept_on, "");
        assert_eq!(visit.photos["f"].taken_at, Some(at));
    }
}
