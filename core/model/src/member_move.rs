//! A person who moves from one household to another: the person's id stays, the
//! membership in the one record ends and begins in the other. Nothing is
//! deleted, so both records say where the person was and when.

use chrono::NaiveDate;

use crate::{
    FieldPath, FieldValue, RecordId,
    document::{FieldEdit, Fields},
};

/// What somebody says who moves a person.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MemberMove {
    /// Id of the member, in both households.
    pub member: String,
    /// The household left.
    pub from: RecordId,
    /// The household joined.
    pub to: RecordId,
    /// The day of it.
    pub on: NaiveDate,
    /// What the person is to the head of the new household (GB/T 4761); empty
    /// if not said.
    pub relation: String,
    /// Whether the person is registered at the new address, if said.
    pub registered_here: Option<bool>,
}

/// Why a person cannot be moved.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum MemberMoveError {
    /// The household left has no such member.
    #[error("the household has no such member")]
    NoSuchMember,
    /// The member has left the household already.
    #[error("the member has left already")]
    HasLeft,
    /// The member belongs to the new household already.
    #[error("the member belongs to the other household already")]
    IsThere,
    /// Both households are the same.
    #[error("both households are the same")]
    SameHousehold,
    /// The day lies before the one on which the member joined.
    #[error("the day lies before the member joined")]
    BeforeJoining,
}

impl MemberMoveError {
    /// Stable code; its texts are `member-move-<code>` in the message files.
    pub const fn code(self) -> &'static str {
        match self {
            Self::NoSuchMember => "no_such_member",
            Self::HasLeft => "has_left",
            Self::IsThere => "is_there",
            Self::SameHousehold => "same_household",
            Self::BeforeJoining => "before_joining",
        }
    }

    /// Every code, so that a test can hold the message files to them.
    pub const CODES: &'static [&'static str] = &[
        "no_such_member",
        "has_left",
        "is_there",
        "same_household",
        "before_joining",
    ];
}

/// What is written into each of the two households.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct MemberMoveEdits {
    /// Into the one left.
    pub from: Vec<FieldEdit>,
    /// Into the one joined.
    pub to: Vec<FieldEdit>,
}

/// What of a member is the person's and goes along.
const GOES_ALONG: &[&str] = &[
    "name",
    "sex",
    "birth_date",
    "citizen_id",
    "permit_kind",
    "permit_number",
    "phone",
    "population_kind",
    "registered_address",
    "guardian_name",
    "guardian_phone",
    "guardian_relation",
];

/// What of a member is about the household and is told anew or not known.
const IS_TOLD_ANEW: &[&str] = &["lives_here", "tenant", "guardian", "left_on", "moved_to"];

impl MemberMove {
    /// The edits that move the person, from how both households stand.
    /// `new_label` gives the id of one more label.
    pub fn edits(
        &self,
        from: &Fields,
        to: &Fields,
        mut new_label: impl FnMut() -> String,
    ) -> Result<MemberMoveEdits, MemberMoveError> {
        self.check(from, to)?;
        let on = FieldValue::Text(self.on.format("%Y-%m-%d").to_string());
        let id = &self.member;
        let mut edits = MemberMoveEdits::default();
        let mut end = |field: &str, value| push(&mut edits.from, "members", id, field, value);
        end("left_on", Some(on.clone()));
        end("moved_to", Some(FieldValue::Text(self.to.to_string())));
        let mut begin = |field: &str, value| push(&mut edits.to, "members", id, field, value);
        for field in GOES_ALONG {
            begin(field, value(from, "members", id, field));
        }
        for field in IS_TOLD_ANEW {
            begin(field, None);
        }
        let relation = Some(self.relation.clone()).filter(|relation| !relation.is_empty());
        begin("relation", relation.map(FieldValue::Text));
        begin(
            "registered_here",
            self.registered_here.map(FieldValue::Flag),
        );
        begin("joined_on", Some(on.clone()));
        begin("moved_from", Some(FieldValue::Text(self.from.to_string())));
        self.move_labels(from, &on, &mut new_label, &mut edits);
        Ok(edits)
    }

    fn check(&self, from: &Fields, to: &Fields) -> Result<(), MemberMoveError> {
        let text =
            |fields: &Fields, field: &str| fields.text(&format!("members.{}.{field}", self.member));
        let is_member = |fields: &Fields| {
            let entries = fields.entries("members");
            entries.contains(&self.member.as_str())
        };
        if self.from == self.to {
            return Err(MemberMoveError::SameHousehold);
        }
        if !is_member(from) {
            return Err(MemberMoveError::NoSuchMember);
        }
        if !text(from, "left_on").is_empty() {
            return Err(MemberMoveError::HasLeft);
        }
        if is_member(to) && !text(to, "joined_on").is_empty() && text(to, "left_on").is_empty() {
            return Err(MemberMoveError::IsThere);
        }
        let joined: Option<NaiveDate> = text(from, "joined_on").parse().ok();
        if joined.is_some_and(|joined| self.on < joined) {
            return Err(MemberMoveError::BeforeJoining);
        }
        Ok(())
    }

    /// Labels about the person end here and begin there; those about the
    /// household stay.
    fn move_labels(
        &self,
        from: &Fields,
        on: &FieldValue,
        new_label: &mut impl FnMut() -> String,
        edits: &mut MemberMoveEdits,
    ) {
        for label in from.entries("labels") {
            let text = |field: &str| from.text(&format!("labels.{label}.{field}"));
            if text("member") != self.member || !text("until").is_empty() {
                continue;
            }
            push(&mut edits.from, "labels", label, "until", Some(on.clone()));
            let id = new_label();
            let mut begin = |field: &str, value| push(&mut edits.to, "labels", &id, field, value);
            begin("group", value(from, "labels", label, "group"));
            begin("member", Some(FieldValue::Text(self.member.clone())));
            begin("since", Some(on.clone()));
        }
    }
}

fn value(fields: &Fields, collection: &str, id: &str, field: &str) -> Option<FieldValue> {
    fields.value(&format!("{collection}.{id}.{field}")).cloned()
}

fn push(
    edits: &mut Vec<FieldEdit>,
    collection: &str,
    id: &str,
    field: &str,
    value: Option<FieldValue>,
) {
    // A member's id comes from a path that was read, see `check`.
    if let Ok(path) = FieldPath::new(format!("{collection}.{id}.{field}")) {
        edits.push(FieldEdit { path, value });
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{ActorId, RecordKind, Timestamp, document::RecordDocument, household::Household};

    fn record(byte: u8) -> RecordId {
        RecordId::from_bytes([byte; 16])
    }

    fn write(document: &mut RecordDocument, edits: &[FieldEdit]) {
        let actor = ActorId::from_bytes([1; 16]);
        document
            .edit(edits, actor, Timestamp::from_millis(0))
            .unwrap();
    }

    fn household(fields: &[(&str, &str)]) -> RecordDocument {
        let mut document = RecordDocument::new(RecordKind::Household);
        let set = |(path, text): &(&str, &str)| {
            FieldEdit::set(FieldPath::new(*path).unwrap(), FieldValue::text(*text))
        };
        write(&mut document, &fields.iter().map(set).collect::<Vec<_>>());
        document
    }

    fn moved(from: u8, to: u8, on: &str) -> MemberMove {
        MemberMove {
            member: "p1".to_owned(),
            from: record(from),
            to: record(to),
            on: on.parse().unwrap(),
            relation: "2".to_owned(),
            registered_here: Some(false),
        }
    }

    fn apply(
        from: &mut RecordDocument,
        to: &mut RecordDocument,
        step: &MemberMove,
    ) -> Result<(), MemberMoveError> {
        let edits = step.edits(&from.read(), &to.read(), || "l9".to_owned())?;
        write(from, &edits.from);
        write(to, &edits.to);
        Ok(())
    }

    #[test]
    fn the_person_leaves_one_household_and_joins_the_other_under_the_same_id() {
        let mut old = household(&[
            ("members.p1.name", "李雷"),
            ("members.p1.citizen_id", "370102189912319991"),
            ("members.p1.relation", "0"),
            ("members.p1.joined_on", "2020-01-01"),
            ("members.p2.name", "韩梅梅"),
            ("labels.l1.group", "solo_elder"),
            ("labels.l1.member", "p1"),
            ("labels.l2.group", "dibao"),
        ]);
        let mut new = household(&[("address.room", "502")]);
        let out = moved(1, 2, "2026-11-26");
        apply(&mut old, &mut new, &out).unwrap();
        let (before, after) = (Household::read(&old), Household::read(&new));
        assert_eq!(before.members["p1"].left_on, "2026-11-26");
        assert_eq!(before.members["p1"].moved_to, Some(record(2)));
        assert_eq!(
            before.members["p1"].name, "李雷",
            "the old record still says who"
        );
        assert!(before.members["p2"].is_present());
        assert_eq!(before.labels["l1"].until, "2026-11-26");
        assert_eq!(before.labels["l2"].until, "", "the household's label stays");
        let person = &after.members["p1"];
        assert_eq!(
            (person.name.as_str(), person.relation.as_str()),
            ("李雷", "2")
        );
        assert_eq!(person.citizen_id, "370102189912319991");
        assert_eq!(person.joined_on, "2026-11-26");
        assert_eq!(person.moved_from, Some(record(1)));
        assert_eq!(person.registered_here, Some(false));
        assert_eq!(after.labels["l9"].group, "solo_elder");
        assert_eq!(after.labels["l9"].since, "2026-11-26");
        // Moving again is refused, and so is a day before joining.
        assert_eq!(
            apply(&mut old, &mut new, &out),
            Err(MemberMoveError::HasLeft)
        );
        let early = moved(2, 1, "2026-11-25");
        assert_eq!(
            apply(&mut new, &mut old, &early),
            Err(MemberMoveError::BeforeJoining)
        );
        // Back again: the old record shows the person as present once more.
        apply(&mut new, &mut old, &moved(2, 1, "2026-12-01")).unwrap();
        let back = Household::read(&old);
        assert!(back.members["p1"].is_present());
        assert_eq!(back.members["p1"].moved_to, None);
        assert_eq!(back.members["p1"].joined_on, "2026-12-01");
        let written = old.history();
        let days: Vec<_> = written
            .iter()
            .flat_map(|entry| &entry.fields)
            .filter(|field| field.path.as_str() == "members.p1.joined_on")
            .filter_map(|field| field.value.as_ref()?.as_text())
            .collect();
        assert_eq!(
            days,
            ["2020-01-01", "2026-12-01"],
            "the history keeps both stays"
        );
    }

    #[test]
    fn who_is_not_there_cannot_be_moved() {
        let (old, new) = (
            household(&[("members.p2.name", "李雷")]),
            household(&[("notes", "x")]),
        );
        let step = moved(1, 2, "2026-11-26");
        let error = step
            .edits(&old.read(), &new.read(), String::new)
            .unwrap_err();
        assert_eq!(error, MemberMoveError::NoSuchMember);
        let step = moved(1, 1, "2026-11-26");
        let error = step
            .edits(&old.read(), &new.read(), String::new)
            .unwrap_err();
        assert_eq!(error, MemberMoveError::SameHousehold);
    }
}
