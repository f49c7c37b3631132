//! What a person does with records: enter, change, settle, find, list. Values
//! are checked here, so that what a phone saved the server accepts.

use wangge_model::{
    ActorId, ChangeHash, CivilDay, FieldPath, FieldValue, GridId, MemberId, RecordId, RecordKind,
    RecordSummary, Timestamp,
    document::{FieldEdit, HistoryField, schema},
    household::Household,
    incident::Incident,
    member_move::MemberMove,
    merge::{Difference, Merged, differences},
    place::Place,
    visit::Visit,
};

use crate::{Core, Error, Result, store::Aliases};

/// Where a record's latest changes are, told honestly.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum RecordState {
    /// Something in it is on this phone only: no server receipt yet.
    OnPhone,
    /// The server confirmed everything this phone entered.
    AtServer,
    /// A person must look: the server refused something, or two people entered
    /// different values.
    NeedsAttention,
}

/// A record in a list.
#[derive(Debug, Clone, PartialEq, Eq)]
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
    /// What to show; its `search_text` is left empty.
    pub summary: RecordSummary,
}

/// Which records to list, latest first. Default: all.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct RecordQuery {
    /// Only this kind.
    pub kind: Option<RecordKind>,
    /// Only this grid.
    pub grid: Option<GridId>,
    /// Only visits to and incidents of this household.
    pub household: Option<RecordId>,
    /// Only visits to and incidents of this place.
    pub place: Option<RecordId>,
    /// Only records in this state.
    pub state: Option<RecordState>,
    /// Only records that contain every word (one character or more each)
    /// somewhere in title, names, phone numbers, notes or diary.
    pub text: Option<String>,
    /// At most this many; 0 means 50, more than 500 means 500.
    pub limit: u32,
    /// Continue after this record of the page before; from the start if it is
    /// gone.
    pub after: Option<RecordId>,
}

/// Everything about one record.
#[derive(Debug, Clone, PartialEq)]
pub struct RecordView {
    /// Its list row.
    pub row: RecordRow,
    /// Every field that has a value, in path order.
    pub fields: Vec<(FieldPath, FieldValue)>,
    /// Fields with more than one value.
    pub conflicts: Vec<ConflictView>,
    /// Who wrote what when, oldest first.
    pub history: Vec<HistoryView>,
    /// The record that was asked for, if that one was merged into this.
    pub opened_as: Option<RecordId>,
    /// Records that were merged into this one.
    pub aliases: Vec<AliasView>,
}

/// A record that was merged into another.
#[derive(Debug, Clone, PartialEq)]
pub struct AliasView {
    /// Its own list row: it may hold something unsent.
    pub row: RecordRow,
    /// What it was merged into.
    pub mark: Merged,
    /// What it says otherwise than that record.
    pub differences: Vec<Difference>,
}

/// A field that several people gave different values.
#[derive(Debug, Clone, PartialEq)]
pub struct ConflictView {
    /// The field.
    pub path: FieldPath,
    /// The values; the one that is shown everywhere comes first.
    pub candidates: Vec<ConflictCandidate>,
}

/// One of the values to choose from.
#[derive(Debug, Clone, PartialEq)]
pub struct ConflictCandidate {
    /// The value; `None` where somebody cleared the field.
    pub value: Option<FieldValue>,
    /// The actor that wrote it.
    pub actor: ActorId,
    /// The author's phone time: a claim.
    pub at: Timestamp,
    /// Whether this phone wrote it.
    pub mine: bool,
}

/// One change in a record's history.
#[derive(Debug, Clone, PartialEq)]
pub struct HistoryView {
    /// The change.
    pub hash: ChangeHash,
    /// The actor that made it.
    pub actor: ActorId,
    /// The author's phone time: a claim.
    pub at: Timestamp,
    /// Whether this phone made it.
    pub mine: bool,
    /// The fields it wrote.
    pub fields: Vec<HistoryField>,
}

/// Something this phone entered that the server did not take.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal {
    /// The record.
    pub record: RecordId,
    /// Its title, to recognise it; empty if the record is gone.
    pub title: String,
    /// The refused change.
    pub hash: ChangeHash,
    /// Stable code; its texts are `quarantine-<code with hyphens>`.
    pub code: String,
    /// What exactly, e.g. the field; may be empty.
    pub detail: String,
    /// When the phone learnt of it.
    pub at: Timestamp,
}

/// How many records are in which state.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct StateCounts {
    /// On this phone only.
    pub on_phone: u64,
    /// Confirmed by the server.
    pub at_server: u64,
    /// Waiting for a person.
    pub needs_attention: u64,
}

impl Core {
    /// Enters a new record of a grid the person works in.
    pub fn create_record(
        &self,
        kind: RecordKind,
        grid: GridId,
        edits: &[FieldEdit],
    ) -> Result<RecordId> {
        let edits = self.normalise(kind, edits)?;
        self.create_normalised(kind, grid, &edits, None)
    }

    pub(crate) fn create_normalised(
        &self,
        kind: RecordKind,
        grid: GridId,
        edits: &[FieldEdit],
        draft: Option<RecordId>,
    ) -> Result<RecordId> {
        // A change that writes nothing is no change, and a record needs one.
        if edits.iter().all(|edit| edit.value.is_none()) {
            // Before enrolment that is the better reason.
            self.store.actor()?;
            return Err(Error::Empty);
        }
        let mut edits = edits.to_vec();
        if kind == RecordKind::Visit {
            self.complete_visit(&mut edits, None)?;
        } else if kind == RecordKind::Incident {
            self.complete_incident(&mut edits)?;
        }
        let id = RecordId::make(self.clock.as_ref(), self.entropy.as_ref());
        self.store
            .create_record(id, kind, grid, &edits, self.clock.now(), draft)?;
        self.indexer.note_save(&self.store);
        Ok(id)
    }

    /// Changes fields of a record; those not named stay as they are. An edit
    /// that changes nothing writes nothing.
    pub fn edit_record(&self, id: RecordId, edits: &[FieldEdit]) -> Result<()> {
        let kind = self.load_kind(id)?;
        let mut edits = self.normalise(kind, edits)?;
        if kind == RecordKind::Visit {
            self.complete_visit(&mut edits, Some(id))?;
        }
        self.store.edit_record(id, &edits, self.clock.now(), None)?;
        self.indexer.note_save(&self.store);
        Ok(())
    }

    /// Moves a person from one household to another, both of them on this phone:
    /// the id stays, the one record says until when and whereto, the other since
    /// when and wherefrom. Welfare labels about the person go along.
    pub fn move_member(&self, step: &MemberMove) -> Result<()> {
        for id in [step.from, step.to] {
            if self.load_kind(id)? != RecordKind::Household {
                return Err(Error::NotFound { what: "household" });
            }
        }
        let relation = FieldPath::entry("members", &step.member, "relation");
        let value = Some(step.relation.clone()).filter(|code| !code.is_empty());
        let value = value.map(FieldValue::Text);
        self.normalise(
            RecordKind::Household,
            &[FieldEdit {
                path: relation,
                value,
            }],
        )?;
        let new_label = || MemberId::make(self.clock.as_ref(), self.entropy.as_ref()).to_string();
        self.store.move_member(step, new_label, self.clock.now())?;
        self.indexer.note_save(&self.store);
        Ok(())
    }

    /// Settles a conflict for everyone: the field has this value now.
    pub fn settle_conflict(
        &self,
        id: RecordId,
        path: FieldPath,
        value: Option<FieldValue>,
    ) -> Result<()> {
        let edits = self.normalise(self.load_kind(id)?, &[FieldEdit { path, value }])?;
        for edit in &edits {
            self.store.settle_conflict(id, edit, self.clock.now())?;
        }
        Ok(())
    }

    /// Takes back what the server refused in a record, and keeps the rest of
    /// what was entered since: that could not be sent while it stood on
    /// something refused.
    pub fn discard_refused(&self, id: RecordId) -> Result<()> {
        Ok(self.store.discard_refused(id)?)
    }

    /// Everything about a record; `None` if it is not on this phone. A record
    /// that was merged into another answers that one, if it is here.
    pub fn find_record(&self, id: RecordId) -> Result<Option<RecordView>> {
        let aliases = self.store.load_aliases()?;
        let stands_for = aliases.resolve(id);
        if stands_for != id
            && let Some(view) = self.view_record(stands_for, &aliases)?
        {
            return Ok(Some(RecordView {
                opened_as: Some(id),
                ..view
            }));
        }
        self.view_record(id, &aliases)
    }

    /// As [`Self::find_record`], of a merged record what it holds itself.
    pub fn find_record_itself(&self, id: RecordId) -> Result<Option<RecordView>> {
        self.view_record(id, &self.store.load_aliases()?)
    }

    fn view_record(&self, id: RecordId, aliases: &Aliases) -> Result<Option<RecordView>> {
        let Some(row) = self.store.find_row(id)? else {
            return Ok(None);
        };
        let Some(document) = self.store.find_document(id)? else {
            return Ok(None);
        };
        let own = self.store.own_actors()?;
        let conflicts = document
            .conflicts()
            .into_iter()
            .map(|conflict| ConflictView {
                path: conflict.path,
                candidates: conflict
                    .candidates
                    .into_iter()
                    .map(|candidate| ConflictCandidate {
                        mine: own.contains(&candidate.actor),
                        value: candidate.value,
                        actor: candidate.actor,
                        at: candidate.at,
                    })
                    .collect(),
            })
            .collect();
        let history = document
            .history()
            .into_iter()
            .map(|entry| HistoryView {
                mine: own.contains(&entry.actor),
                hash: entry.hash,
                actor: entry.actor,
                at: entry.at,
                fields: entry.fields,
            })
            .collect();
        Ok(Some(RecordView {
            row,
            fields: document.fields(),
            conflicts,
            history,
            opened_as: None,
            aliases: self.list_aliases(id, aliases)?,
        }))
    }

    fn list_aliases(&self, id: RecordId, aliases: &Aliases) -> Result<Vec<AliasView>> {
        let mut views = Vec::new();
        for (alias, into) in aliases.of(id) {
            let (Some(row), Some(document), Some(kept)) = (
                self.store.find_row(alias)?,
                self.store.find_document(alias)?,
                self.store.find_document(into)?,
            ) else {
                continue;
            };
            let Some(mark) = Merged::of(&document.read()) else {
                continue;
            };
            views.push(AliasView {
                row,
                mark,
                differences: differences(&kept.read(), alias, &document),
            });
        }
        Ok(views)
    }

    /// A household as a whole.
    pub fn household(&self, id: RecordId) -> Result<Household> {
        Ok(Household::read(
            &self.load_document(id, RecordKind::Household)?,
        ))
    }

    /// A visit as a whole.
    pub fn visit(&self, id: RecordId) -> Result<Visit> {
        Ok(Visit::read(&self.load_document(id, RecordKind::Visit)?))
    }

    /// An incident as a whole.
    pub fn incident(&self, id: RecordId) -> Result<Incident> {
        Ok(Incident::read(
            &self.load_document(id, RecordKind::Incident)?,
        ))
    }

    /// A place as a whole.
    pub fn place(&self, id: RecordId) -> Result<Place> {
        Ok(Place::read(&self.load_document(id, RecordKind::Place)?))
    }

    /// One page of a list or search.
    pub fn list_records(&self, query: &RecordQuery) -> Result<Vec<RecordRow>> {
        Ok(self.store.list_records(query)?)
    }

    /// What the server refused, latest first.
    pub fn list_refusals(&self) -> Result<Vec<Refusal>> {
        Ok(self.store.list_refusals()?)
    }

    /// How many records are in which state.
    pub fn count_states(&self) -> Result<StateCounts> {
        Ok(self.store.count_states()?)
    }

    fn load_kind(&self, id: RecordId) -> Result<RecordKind> {
        self.store
            .find_kind(id)?
            .ok_or(Error::NotFound { what: "record" })
    }

    pub(crate) fn load_document(
        &self,
        id: RecordId,
        kind: RecordKind,
    ) -> Result<wangge_model::document::RecordDocument> {
        let stands_for = self.store.load_aliases()?.resolve(id);
        let document = match self.store.find_document(stands_for)? {
            Some(document) => Some(document),
            None => self.store.find_document(id)?,
        };
        document
            .filter(|document| document.kind() == kind)
            .ok_or(Error::NotFound {
                what: kind.as_str(),
            })
    }

    /// The civil date in China.
    pub(crate) fn today(&self) -> Result<CivilDay> {
        self.clock
            .now()
            .to_china_date()
            .map(CivilDay::from)
            .ok_or_else(|| Error::Unexpected("the clock shows no date".to_owned()))
    }

    /// Brings typed values into the form that is stored; an emptied box clears
    /// its field.
    pub fn normalise(&self, kind: RecordKind, edits: &[FieldEdit]) -> Result<Vec<FieldEdit>> {
        let today = self.today()?.to_date();
        edits
            .iter()
            .map(|edit| {
                let invalid = |reason| Error::Invalid {
                    path: edit.path.clone(),
                    reason,
                };
                let spec = schema::find_field(kind, &edit.path)
                    .ok_or_else(|| invalid(schema::FieldError::Unknown))?;
                if spec.owner != schema::FieldOwner::People {
                    return Err(invalid(schema::FieldError::ServerOwned));
                }
                let typed = edit.value.clone().filter(
                    |value| !matches!(value, FieldValue::Text(text) if text.trim().is_empty()),
                );
                let value = typed
                    .map(|value| spec.normalise(value, today, self.citizen_id_policy))
                    .transpose()
                    .map_err(invalid)?;
                Ok(FieldEdit {
                    path: edit.path.clone(),
                    value,
                })
            })
            .collect()
    }
}
