//! Records: entering, changing, settling, finding, listing.

use wangge_core::{RecordQuery, RecordState, Refusal, StateCounts};
use wangge_model::{ActorId, ChangeHash, FieldPath, GridId, RecordId, RecordKind, Timestamp};

use crate::{
    AppError, Core,
    value::{FieldEdit, FieldValue, to_core},
};

/// What a record is about.
#[uniffi::remote(Enum)]
pub enum RecordKind {
    /// One household's file (一户一档).
    Household,
    /// One visit with its diary (入户走访, 民情日记).
    Visit,
    /// One reported incident (事件上报).
    Incident,
    /// A place that is not a home: a unit, shop, school, site or facility.
    Place,
}

/// Where a record's latest changes are.
#[uniffi::remote(Enum)]
pub enum RecordState {
    /// Something in it is on this phone only.
    OnPhone,
    /// The server confirmed everything this phone entered.
    AtServer,
    /// A person must look: something was refused, or two people entered
    /// different values.
    NeedsAttention,
}

/// Which records to list, latest first; as it is made: all.
#[uniffi::remote(Record)]
pub struct RecordQuery {
    /// Only this kind.
    #[uniffi(default = None)]
    pub kind: Option<RecordKind>,
    /// Only this grid.
    #[uniffi(default = None)]
    pub grid: Option<GridId>,
    /// Only visits to and incidents of this household.
    #[uniffi(default = None)]
    pub household: Option<RecordId>,
    /// Only visits to and incidents of this place.
    #[uniffi(default = None)]
    pub place: Option<RecordId>,
    /// Only records in this state.
    #[uniffi(default = None)]
    pub state: Option<RecordState>,
    /// Only records that contain every word (one character or more each).
    #[uniffi(default = None)]
    pub text: Option<String>,
    /// At most this many; 0 means 50, more than 500 means 500.
    #[uniffi(default = 0)]
    pub limit: u32,
    /// Continue after this record of the page before.
    #[uniffi(default = None)]
    pub after: Option<RecordId>,
}

/// Something this phone entered that the server did not take.
#[uniffi::remote(Record)]
pub struct Refusal {
    /// The record.
    pub record: RecordId,
    /// Its title; empty if the record is gone.
    pub title: String,
    /// The refused change.
    pub hash: ChangeHash,
    /// Stable code; [`refusal_text`](crate::schema::refusal_text) explains it.
    pub code: String,
    /// What exactly, e.g. the field; may be empty.
    pub detail: String,
    /// When the phone learnt of it.
    pub at: Timestamp,
}

/// How many records are in which state.
#[uniffi::remote(Record)]
pub struct StateCounts {
    /// On this phone only.
    pub on_phone: u64,
    /// Confirmed by the server.
    pub at_server: u64,
    /// Waiting for a person.
    pub needs_attention: u64,
}

/// A record in a list.
#[derive(Debug, Clone, PartialEq, Eq, uniffi::Record)]
pub struct RecordRow {
    /// The record.
    pub id: RecordId,
    /// What kind.
    pub kind: RecordKind,
    /// The grid it is filed under.
    pub grid: GridId,
    /// Where its changes are.
    pub state: RecordState,
    /// Changes without a receipt.
    pub pending_count: u32,
    /// Changes the server refused.
    pub refusal_count: u32,
    /// What to show.
    pub summary: RecordSummary,
}

/// A record in short. Unmasked: whoever shows it masks it.
#[derive(Debug, Clone, PartialEq, Eq, uniffi::Record)]
pub struct RecordSummary {
    /// A household's address line, an incident's title, a visit's kind code, a
    /// place's name.
    pub title: String,
    /// The household's or place's contact, or who was met; may be empty.
    pub person_name: String,
    /// That person's phone number; may be empty.
    pub phone: String,
    /// A household's ledger, a visit's result, an incident's case state, a
    /// place's state.
    pub state: String,
    /// A visit's or place's kind, an incident's category, a dwelling's use.
    pub category: String,
    /// An incident's urgency; may be empty.
    pub urgency: String,
    /// The case number the server gave; may be empty.
    pub number: String,
    /// The household a visit or incident belongs to.
    pub household: Option<RecordId>,
    /// The place a visit or incident belongs to.
    pub place: Option<RecordId>,
    /// How registration and residence of a household part; may be empty.
    pub residence: String,
    /// When a visit started or an incident happened.
    pub occurred_at: Option<Timestamp>,
    /// Members who have not left.
    pub member_count: u32,
    /// Fields with more than one current value.
    pub conflict_count: u32,
    /// Latest time any author's phone gave to a change.
    pub edited_at: Timestamp,
    /// The record this one was merged into: it is shown as that one.
    pub merged_into: Option<RecordId>,
}

/// Everything about one record.
#[derive(Debug, Clone, PartialEq, uniffi::Record)]
pub struct RecordView {
    /// Its list row.
    pub row: RecordRow,
    /// Every field that has a value, in path order.
    pub fields: Vec<FieldEntry>,
    /// Fields with more than one value.
    pub conflicts: Vec<ConflictView>,
    /// Who wrote what when, oldest first.
    pub history: Vec<HistoryView>,
    /// The record that was asked for, if that one was merged into this: say so.
    pub opened_as: Option<RecordId>,
    /// Records that were merged into this one.
    pub aliases: Vec<AliasView>,
}

/// A record that was merged into another.
#[derive(Debug, Clone, PartialEq, uniffi::Record)]
pub struct AliasView {
    /// Its own list row: it may hold something unsent.
    pub row: RecordRow,
    /// When it was merged.
    pub merged_at: Option<Timestamp>,
    /// What it says otherwise.
    pub differences: Vec<Difference>,
}

/// A field of which a merged record has another value.
#[derive(Debug, Clone, PartialEq, uniffi::Record)]
pub struct Difference {
    /// The field.
    pub path: FieldPath,
    /// What the record says that stays.
    pub mine: Option<FieldValue>,
    /// What the merged one says; several values where people disagreed in it.
    pub theirs: Vec<FieldValue>,
}

/// A field that has a value.
#[derive(Debug, Clone, PartialEq, uniffi::Record)]
pub struct FieldEntry {
    /// The field.
    pub path: FieldPath,
    /// Its value.
    pub value: FieldValue,
}

/// A field that several people gave different values.
#[derive(Debug, Clone, PartialEq, uniffi::Record)]
pub struct ConflictView {
    /// The field.
    pub path: FieldPath,
    /// The values; the one that is shown everywhere comes first.
    pub candidates: Vec<ConflictCandidate>,
}

/// One of the values to choose from.
#[derive(Debug, Clone, PartialEq, uniffi::Record)]
pub struct ConflictCandidate {
    /// The value; nothing where somebody cleared the field.
    pub value: Option<FieldValue>,
    /// Who wrote it.
    pub actor: ActorId,
    /// The author's phone time: a claim.
    pub at: Timestamp,
    /// Whether this phone wrote it.
    pub mine: bool,
}

/// One change in a record's history.
#[derive(Debug, Clone, PartialEq, uniffi::Record)]
pub struct HistoryView {
    /// The change.
    pub hash: ChangeHash,
    /// Who made it.
    pub actor: ActorId,
    /// The author's phone time: a claim.
    pub at: Timestamp,
    /// Whether this phone made it.
    pub mine: bool,
    /// What it wrote; no value where it cleared.
    pub fields: Vec<FieldEdit>,
}

#[uniffi::export(async_runtime = "tokio")]
impl Core {
    /// Enters a new record of a grid the person works in.
    pub async fn create_record(
        &self,
        kind: RecordKind,
        grid: GridId,
        edits: Vec<FieldEdit>,
    ) -> Result<RecordId, AppError> {
        self.run(move |core| core.create_record(kind, grid, &to_core(edits)))
            .await
    }

    /// Changes fields of a record; those not named stay as they are.
    pub async fn edit_record(&self, id: RecordId, edits: Vec<FieldEdit>) -> Result<(), AppError> {
        self.run(move |core| core.edit_record(id, &to_core(edits)))
            .await
    }

    /// Settles a conflict for everyone: the field has this value now.
    pub async fn settle_conflict(
        &self,
        id: RecordId,
        path: FieldPath,
        value: Option<FieldValue>,
    ) -> Result<(), AppError> {
        self.run(move |core| core.settle_conflict(id, path, value.map(Into::into)))
            .await
    }

    /// Takes back what the server refused in a record and keeps the rest.
    pub async fn discard_refused(&self, id: RecordId) -> Result<(), AppError> {
        self.run(move |core| core.discard_refused(id)).await
    }

    /// Everything about a record; nothing if it is not on this phone.
    pub async fn find_record(&self, id: RecordId) -> Result<Option<RecordView>, AppError> {
        Ok(self
            .run(move |core| core.find_record(id))
            .await?
            .map(RecordView::from))
    }

    /// As `find_record`, of a merged record what it holds itself.
    pub async fn find_record_itself(&self, id: RecordId) -> Result<Option<RecordView>, AppError> {
        Ok(self
            .run(move |core| core.find_record_itself(id))
            .await?
            .map(RecordView::from))
    }

    /// One page of a list or search.
    pub async fn list_records(&self, query: RecordQuery) -> Result<Vec<RecordRow>, AppError> {
        let rows = self.run(move |core| core.list_records(&query)).await?;
        Ok(rows.into_iter().map(RecordRow::from).collect())
    }

    /// What the server refused, latest first.
    pub async fn list_refusals(&self) -> Result<Vec<Refusal>, AppError> {
        self.run(wangge_core::Core::list_refusals).await
    }

    /// How many records are in which state.
    pub async fn count_states(&self) -> Result<StateCounts, AppError> {
        self.run(wangge_core::Core::count_states).await
    }
}

impl From<wangge_core::RecordRow> for RecordRow {
    fn from(row: wangge_core::RecordRow) -> Self {
        Self {
            id: row.id,
            kind: row.kind,
            grid: row.grid,
            state: row.state,
            pending_count: row.pending_count,
            refusal_count: row.refusal_count,
            summary: row.summary.into(),
        }
    }
}

impl From<wangge_model::RecordSummary> for RecordSummary {
    fn from(summary: wangge_model::RecordSummary) -> Self {
        // Named one by one, so that a new field is noticed. The search text
        // stays behind: rows have none.
        let wangge_model::RecordSummary {
            title,
            person_name,
            phone,
            state,
            category,
            urgency,
            number,
            household,
            occurred_at,
            member_count,
            conflict_count,
            edited_at,
            search_text: _,
            place,
            residence,
            merged_into,
            // For the server's lists; the incident itself tells.
            source: _,
            // Shown by `crate::case`.
            case: _,
        } = summary;
        Self {
            title,
            person_name,
            phone,
            state,
            category,
            urgency,
            number,
            household,
            place,
            residence: residence.unwrap_or_default(),
            occurred_at,
            member_count,
            conflict_count,
            edited_at,
            merged_into,
        }
    }
}

impl From<wangge_core::record::AliasView> for AliasView {
    fn from(view: wangge_core::record::AliasView) -> Self {
        Self {
            row: view.row.into(),
            merged_at: view.mark.at,
            differences: view
                .differences
                .into_iter()
                .map(|difference| Difference {
                    path: difference.path,
                    mine: difference.mine.map(Into::into),
                    theirs: difference.theirs.into_iter().map(Into::into).collect(),
                })
                .collect(),
        }
    }
}

impl From<wangge_core::RecordView> for RecordView {
    fn from(view: wangge_core::RecordView) -> Self {
        let entry = |(path, value): (FieldPath, wangge_model::FieldValue)| FieldEntry {
            path,
            value: value.into(),
        };
        Self {
            row: view.row.into(),
            fields: view.fields.into_iter().map(entry).collect(),
            conflicts: view.conflicts.into_iter().map(ConflictView::from).collect(),
            history: view.history.into_iter().map(HistoryView::from).collect(),
            opened_as: view.opened_as,
            aliases: view.aliases.into_iter().map(AliasView::from).collect(),
        }
    }
}

impl From<wangge_core::ConflictView> for ConflictView {
    fn from(conflict: wangge_core::ConflictView) -> Self {
        let candidate = |candidate: wangge_core::ConflictCandidate| ConflictCandidate {
            value: candidate.value.map(FieldValue::from),
            actor: candidate.actor,
            at: candidate.at,
            mine: candidate.mine,
        };
        Self {
            path: conflict.path,
            candidates: conflict.candidates.into_iter().map(candidate).collect(),
        }
    }
}

impl From<wangge_core::HistoryView> for HistoryView {
    fn from(entry: wangge_core::HistoryView) -> Self {
        let field = |field: wangge_model::document::HistoryField| FieldEdit {
            path: field.path,
            value: field.value.map(FieldValue::from),
        };
        Self {
            hash: entry.hash,
            actor: entry.actor,
            at: entry.at,
            mine: entry.mine,
            fields: entry.fields.into_iter().map(field).collect(),
        }
    }
}

#[cfg(test)]
mod tests {
    use wangge_model::document::HistoryField;

    use super::*;

    #[test]
    fn a_view_keeps_its_row_fields_conflicts_and_history() {
        let path = FieldPath::new("contact.phone").unwrap();
        let (actor, at) = (ActorId::from_bytes([2; 16]), Timestamp::from_millis(9));
        let value = wangge_model::FieldValue::text("13800138000");
        let view = RecordView::from(wangge_core::RecordView {
            row: wangge_core::RecordRow {
                id: RecordId::from_bytes([1; 16]),
                kind: RecordKind::Household,
                grid: GridId::from_bytes([3; 16]),
                state: RecordState::NeedsAttention,
                pending_count: 4,
                refusal_count: 5,
                summary: wangge_model::RecordSummary {
                    title: "阳光花园".to_owned(),
                    member_count: 2,
                    ..Default::default()
                },
            },
            opened_as: Some(RecordId::from_bytes([6; 16])),
            aliases: Vec::new(),
            fields: vec![(path.clone(), value.clone())],
            conflicts: vec![wangge_core::ConflictView {
                path: path.clone(),
                candidates: vec![
                    wangge_core::ConflictCandidate {
                        value: Some(value.clone()),
                        actor,
                        at,
                        mine: true,
                    },
                    wangge_core::ConflictCandidate {
                        value: None,
                        actor,
                        at,
                        mine: false,
                    },
                ],
            }],
            history: vec![wangge_core::HistoryView {
                hash: ChangeHash::from_bytes([6; 32]),
                actor,
                at,
                mine: false,
                fields: vec![HistoryField {
                    path: path.clone(),
                    value: None,
                }],
            }],
        });
        assert_eq!(view.row.summary.title, "阳光花园");
        assert_eq!((view.row.pending_count, view.row.refusal_count), (4, 5));
        let value = FieldValue::from(value);
        assert_eq!(
            view.fields,
            [FieldEntry {
                path: path.clone(),
                value: value.clone()
            }]
        );
        let [first, second] = view.conflicts[0].candidates.as_slice() else {
            panic!()
        };
        assert_eq!((first.value.as_ref(), first.mine), (Some(&value), true));
        assert_eq!((second.value.as_ref(), second.mine), (None, false));
        assert_eq!(view.history[0].fields, [FieldEdit { path, value: None }]);
    }
}
