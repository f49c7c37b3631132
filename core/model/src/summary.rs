//! The list row of a record: what lists, search and counts need, computed from
//! the document and stored beside it by both ends, so that neither opens a
//! document to show a list.

use minicbor::{Decode, Encode};
use serde::{Deserialize, Serialize};

use crate::{
    RecordId, RecordKind, Timestamp,
    document::{Fields, RecordDocument},
};

/// A record in short. Unmasked: whoever shows it masks it.
#[derive(Debug, Clone, PartialEq, Eq, Default, Encode, Decode, Serialize, Deserialize)]
pub struct RecordSummary {
    /// A household's address line, an incident's title, a visit's kind code.
    #[n(0)]
    pub title: String,
    /// The household's contact, or who was met; may be empty.
    #[n(1)]
    pub person_name: String,
    /// That person's phone number; may be empty.
    #[n(2)]
    pub phone: String,
    /// A household's ledger, a visit's result, an incident's case state.
    #[n(3)]
    pub state: String,
    /// A visit's kind, an incident's category, a dwelling's use.
    #[n(4)]
    pub category: String,
    /// An incident's urgency; may be empty.
    #[n(5)]
    pub urgency: String,
    /// The case number the server gave; may be empty.
    #[n(6)]
    pub number: String,
    /// The household a visit or incident belongs to.
    #[n(7)]
    pub household: Option<RecordId>,
    /// When a visit started or an incident happened.
    #[n(8)]
    pub occurred_at: Option<Timestamp>,
    /// Members who have not left.
    #[n(9)]
    pub member_count: u32,
    /// Fields with more than one current value.
    #[n(10)]
    pub conflict_count: u32,
    /// Latest time any author's phone gave to a change, to the second.
    #[n(11)]
    pub edited_at: Timestamp,
    /// What full-text search looks through, besides the title: names, phone
    /// numbers, notes, diary. Never an identity number.
    #[n(12)]
    pub search_text: String,
}

/// Longest search text kept, in characters: a diary's end is found by opening
/// it, not by a list.
const SEARCH_CHARS: usize = 2_000;

impl RecordDocument {
    /// Computes the list row.
    pub fn summary(&self) -> RecordSummary {
        let fields = self.read();
        let conflicts = self.conflicts_of(&fields).len();
        RecordSummary {
            conflict_count: u32::try_from(conflicts).unwrap_or(u32::MAX),
            ..RecordSummary::of(self.kind(), &fields, self.edited_at())
        }
    }
}

impl RecordSummary {
    /// The list row of a record with these fields and no conflict.
    pub(crate) fn of(kind: RecordKind, fields: &Fields, edited_at: Timestamp) -> Self {
        let mut summary = match kind {
            RecordKind::Household => household_summary(fields),
            RecordKind::Visit => visit_summary(fields),
            RecordKind::Incident => incident_summary(fields),
        };
        summary.edited_at = edited_at;
        if let Some((end, _)) = summary.search_text.char_indices().nth(SEARCH_CHARS) {
            summary.search_text.truncate(end);
        }
        summary
    }
}

fn household_summary(fields: &Fields) -> RecordSummary {
    let member = |id: &str, field: &str| fields.text(&format!("members.{id}.{field}"));
    let present: Vec<&str> = fields
        .entries("members")
        .into_iter()
        .filter(|id| member(id, "left_on").is_empty())
        .collect();
    let contact_name = fields.text("contact.name");
    let contact_phone = fields.text("contact.phone");
    let head = present.iter().find(|id| member(id, "relation") == "0");
    let search: Vec<String> = present
        .iter()
        .flat_map(|id| [member(id, "name"), member(id, "phone")])
        .chain([
            contact_name.clone(),
            contact_phone.clone(),
            fields.text("notes"),
        ])
        .filter(|text| !text.is_empty())
        .collect();
    RecordSummary {
        title: address_line(fields),
        person_name: if contact_name.is_empty() {
            head.map(|id| member(id, "name")).unwrap_or_default()
        } else {
            contact_name
        },
        phone: contact_phone,
        state: fields.text("ledger"),
        category: fields.text("dwelling.use"),
        member_count: u32::try_from(present.len()).unwrap_or(u32::MAX),
        search_text: search.join("\n"),
        ..RecordSummary::default()
    }
}

fn visit_summary(fields: &Fields) -> RecordSummary {
    let kind = fields.text("kind");
    let person_name = fields.text("person_met");
    RecordSummary {
        title: kind.clone(),
        state: fields.text("result"),
        category: kind,
        household: fields.text("household").parse().ok(),
        occurred_at: fields.time("started_at"),
        search_text: format!("{person_name}\n{}", fields.text("diary")),
        person_name,
        ..RecordSummary::default()
    }
}

fn incident_summary(fields: &Fields) -> RecordSummary {
    let number = fields.text("case.number");
    RecordSummary {
        title: fields.text("title"),
        state: fields.text("case.state"),
        category: fields.text("category"),
        urgency: fields.text("urgency"),
        household: fields.text("household").parse().ok(),
        occurred_at: fields.time("occurred_at"),
        search_text: [
            fields.text("place"),
            number.clone(),
            fields.text("description"),
        ]
        .join("\n"),
        number,
        ..RecordSummary::default()
    }
}

/// An address as one line: the parts in order, or the free form.
fn address_line(fields: &Fields) -> String {
    let parts = ["estate", "building", "unit", "floor", "room"];
    let joined: String = parts
        .iter()
        .map(|part| fields.text(&format!("address.{part}")))
        .collect();
    if joined.is_empty() {
        fields.text("address.detail")
    } else {
        joined
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{ActorId, FieldPath, FieldValue, document::FieldEdit};

    fn document(kind: RecordKind, fields: &[(&str, &str)]) -> RecordDocument {
        let mut document = RecordDocument::new(kind);
        let edits: Vec<FieldEdit> = fields
            .iter()
            .map(|(path, text)| {
                FieldEdit::set(FieldPath::new(*path).unwrap(), FieldValue::text(*text))
            })
            .collect();
        document
            .edit(
                &edits,
                ActorId::from_bytes([1; 16]),
                Timestamp::from_millis(5_000),
            )
            .unwrap();
        document
    }

    #[test]
    fn a_household_is_found_by_address_names_and_phone_but_not_by_identity_number() {
        let summary = document(
            RecordKind::Household,
            &[
                ("address.estate", "阳光花园"),
                ("address.building", "3号楼"),
                ("address.room", "501室"),
                ("members.a.name", "王小明"),
                ("members.a.relation", "0"),
                ("members.a.citizen_id", "370102189912319991"),
                ("members.b.name", "李雷"),
                ("members.b.left_on", "2026-01-01"),
                ("contact.phone", "13800138000"),
                ("ledger", "tenant"),
            ],
        )
        .summary();
        assert_eq!(summary.title, "阳光花园3号楼501室");
        assert_eq!(summary.person_name, "王小明");
        assert_eq!(summary.member_count, 1);
        assert!(summary.search_text.contains("王小明"));
        assert!(summary.search_text.contains("13800138000"));
        assert!(!summary.search_text.contains("李雷"));
        assert!(!summary.search_text.contains("370102189912319991"));
        assert_eq!(summary.edited_at.as_millis(), 5_000);
    }

    #[test]
    fn a_free_form_address_is_used_where_there_are_no_parts() {
        let summary = document(
            RecordKind::Household,
            &[("address.detail", "殷巷村东头第二家")],
        )
        .summary();
        assert_eq!(summary.title, "殷巷村东头第二家");
    }

    #[test]
    fn a_very_long_text_is_cut_for_the_list_only() {
        let long = "平".repeat(3_000);
        let document = document(RecordKind::Visit, &[("diary", &long)]);
        assert_eq!(document.summary().search_text.chars().count(), SEARCH_CHARS);
        assert_eq!(document.text("diary").unwrap(), long);
    }
}
