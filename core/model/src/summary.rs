//! The list row of a record: what lists, search and counts need, computed from
//! the document and stored beside it by both ends, so that neither opens a
//! document to show a list.

use minicbor::{Decode, Encode};
use serde::{Deserialize, Serialize};

use crate::{
    RecordId, RecordKind, Timestamp,
    case::CaseSummary,
    document::{Fields, RecordDocument},
    household::{CHILD_YEARS, Household, LedgerKind, Member},
    merge::Merged,
    place::Place,
};

/// A record in short. Unmasked: whoever shows it masks it.
#[derive(Debug, Clone, PartialEq, Eq, Default, Encode, Decode, Serialize, Deserialize)]
pub struct RecordSummary {
    /// A household's address line, an incident's title, a visit's kind code, a
    /// place's name.
    #[n(0)]
    pub title: String,
    /// The household's or place's contact, or who was met; may be empty.
    #[n(1)]
    pub person_name: String,
    /// That person's phone number; may be empty.
    #[n(2)]
    pub phone: String,
    /// A household's ledger, a visit's result, an incident's case state, a
    /// place's state.
    #[n(3)]
    pub state: String,
    /// A visit's or place's kind, an incident's category, a dwelling's use.
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
    /// numbers, notes, diary. Never an identity number, nor a child under 14.
    #[n(12)]
    pub search_text: String,
    /// The place a visit or incident belongs to.
    #[n(13)]
    pub place: Option<RecordId>,
    /// How registration and residence of a household part (户在人不在,
    /// 人在户不在), see [`crate::household::LedgerKind::residence`].
    #[n(14)]
    pub residence: Option<String>,
    /// The record this household or place was merged into: it is shown as that
    /// one and in no list of its own, see [`crate::merge`].
    #[n(15)]
    pub merged_into: Option<RecordId>,
    /// How an incident's report came about, see
    /// [`crate::document::schema::SOURCE`]. For the server's lists; a phone does
    /// not keep it beside the document.
    #[n(16)]
    pub source: Option<String>,
    /// How an incident's case stands.
    #[n(17)]
    pub case: Option<CaseSummary>,
}

/// Longest search text kept, in characters: a diary's end is found by opening
/// it, not by a list.
const SEARCH_CHARS: usize = 2_000;

impl RecordDocument {
    /// Computes the list row.
    pub fn summary(&self) -> RecordSummary {
        self.summary_of(&self.read())
    }

    /// As [`Self::summary`], of a document whose fields are read already.
    pub fn summary_of(&self, fields: &Fields) -> RecordSummary {
        let conflicts = self.conflicts_of(fields).len();
        RecordSummary {
            conflict_count: u32::try_from(conflicts).unwrap_or(u32::MAX),
            ..RecordSummary::of(self.kind(), fields, self.edited_at())
        }
    }
}

impl RecordSummary {
    /// The list row of a record with these fields and no conflict.
    pub(crate) fn of(kind: RecordKind, fields: &Fields, edited_at: Timestamp) -> Self {
        let mut summary = match kind {
            RecordKind::Household => household_summary(fields, edited_at),
            RecordKind::Visit => visit_summary(fields),
            RecordKind::Incident => incident_summary(fields),
            RecordKind::Place => place_summary(fields),
        };
        summary.edited_at = edited_at;
        summary.merged_into = Merged::of(fields).map(|mark| mark.into);
        if let Some((end, _)) = summary.search_text.char_indices().nth(SEARCH_CHARS) {
            summary.search_text.truncate(end);
        }
        summary
    }
}

/// `edited_at` stands for today, which a list row must not depend on: a child
/// who turns 14 is found after the household's next edit.
fn household_summary(fields: &Fields, edited_at: Timestamp) -> RecordSummary {
    let household = Household::of(fields);
    let present: Vec<&Member> = household
        .members
        .values()
        .filter(|member| member.is_present())
        .collect();
    let today = edited_at.to_china_date();
    let is_child = |member: &Member| {
        let age = today.and_then(|today| member.age_on(today));
        age.is_some_and(|age| age < CHILD_YEARS)
    };
    let head = present.iter().find(|member| member.relation == "0");
    let dwelling = &household.dwelling;
    let search: Vec<&str> = present
        .iter()
        .filter(|member| !is_child(member))
        .flat_map(|member| [&member.name, &member.phone])
        .chain([
            &household.contact.name,
            &household.contact.phone,
            &dwelling.landlord_name,
            &dwelling.owner_name,
            &household.notes,
        ])
        .map(String::as_str)
        .filter(|text| !text.is_empty())
        .collect();
    let ledger = household.ledger_kind();
    let residence = ledger.map(LedgerKind::residence).unwrap_or_default();
    RecordSummary {
        title: household.address.line(),
        person_name: if household.contact.name.is_empty() {
            head.map(|member| member.name.clone()).unwrap_or_default()
        } else {
            household.contact.name.clone()
        },
        phone: household.contact.phone.clone(),
        state: ledger
            .map(LedgerKind::as_str)
            .unwrap_or_default()
            .to_owned(),
        category: dwelling.building_use.clone(),
        member_count: u32::try_from(present.len()).unwrap_or(u32::MAX),
        search_text: search.join("\n"),
        residence: (!residence.is_empty()).then(|| residence.to_owned()),
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
        place: fields.text("place").parse().ok(),
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
        state: case_state(fields),
        category: fields.text("category"),
        urgency: fields.text("urgency"),
        household: fields.text("household").parse().ok(),
        place: fields.text("concerned_place").parse().ok(),
        source: Some(fields.text("source")).filter(|source| !source.is_empty()),
        occurred_at: fields.time("occurred_at"),
        search_text: [
            fields.text("place"),
            number.clone(),
            fields.text("description"),
        ]
        .join("\n"),
        number,
        case: CaseSummary::of(fields),
        ..RecordSummary::default()
    }
}

/// Where the case stands; `case.state` says only that it was received.
pub(crate) fn case_state(fields: &Fields) -> String {
    let stage = fields.text("case.stage");
    if stage.is_empty() {
        fields.text("case.state")
    } else {
        stage
    }
}

fn place_summary(fields: &Fields) -> RecordSummary {
    let place = Place::of(fields);
    let search = [
        place.address.line(),
        place.contact.name.clone(),
        place.contact.phone.clone(),
        place.credit_code,
        place.notes,
    ];
    RecordSummary {
        title: place.name,
        person_name: place.contact.name,
        phone: place.contact.phone,
        state: place.state,
        category: place.kind,
        search_text: search.join("\n"),
        ..RecordSummary::default()
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

    #[test]
    fn a_child_under_14_is_not_found_by_name_and_a_grown_one_is() {
        // Edited on 1970-01-01; births before 1900 would all be grown.
        let summary = document(
            RecordKind::Household,
            &[
                ("members.a.name", "王小宝"),
                ("members.a.birth_date", "1956-01-02"),
                ("members.b.name", "王小明"),
                ("members.b.birth_date", "1956-01-01"),
            ],
        )
        .summary();
        assert!(!summary.search_text.contains("王小宝"));
        assert!(summary.search_text.contains("王小明"));
        assert_eq!(summary.member_count, 2);
    }

    #[test]
    fn a_household_shows_its_derived_ledger_and_a_place_its_name_and_kind() {
        let household = document(
            RecordKind::Household,
            &[
                ("ledger", "consistent"),
                ("members.a.name", "王小明"),
                ("members.a.population_kind", "02"),
            ],
        )
        .summary();
        assert_eq!(household.state, "separated");
        assert_eq!(household.residence.as_deref(), Some("resident_only"));
        let place = document(
            RecordKind::Place,
            &[
                ("name", "好邻居便利店"),
                ("kind", "shop"),
                ("state", "open"),
                ("contact.name", "李雷"),
                ("address.detail", "千佛山路3号"),
            ],
        )
        .summary();
        assert_eq!(
            (place.title.as_str(), place.category.as_str()),
            ("好邻居便利店", "shop")
        );
        assert_eq!(
            (place.state.as_str(), place.person_name.as_str()),
            ("open", "李雷")
        );
        assert!(place.search_text.contains("千佛山路3号"));
    }
}
