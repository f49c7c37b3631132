//! The case of an incident: the part that only the server writes. A report
//! gets its number in the same transaction in which it is first stored, so
//! numbers follow the order of arrival and none is given twice.

use wangge_model::{
    ActorId, FieldPath, FieldValue, PersonId, RecordKind, Timestamp,
    document::{FieldEdit, InvalidFieldPath, LocalChange, RecordDocument},
};

use super::authority::CaseAuthority;
use crate::storage::{
    ChangeBy, NewChange, Numbering, RecordWork, StorageError, StorageResult, Unnumbered,
};

/// The series from which incidents received at this moment are numbered: one
/// per civil day in China.
pub(crate) fn series(at: Timestamp) -> String {
    format!("case:{}", day(at))
}

fn day(at: Timestamp) -> String {
    at.to_china_date().map_or_else(
        || "00000000".to_owned(),
        |date| date.format("%Y%m%d").to_string(),
    )
}

/// `SJ` (事件), the day, and six digits.
pub(super) fn number_text(at: Timestamp, number: u64) -> String {
    format!("SJ{}{number:06}", day(at))
}

/// Whether this is a report whose case nobody has opened.
pub(super) fn is_missing(document: &RecordDocument) -> bool {
    document.kind() == RecordKind::Incident
        && FieldPath::new("case.number").is_ok_and(|path| document.value(&path).is_none())
}

/// What opening a case takes.
#[derive(Debug, Clone, Copy)]
pub(super) struct Opening<'a> {
    /// The server's own actor.
    pub(super) actor: ActorId,
    /// When the report came.
    pub(super) at: Timestamp,
    /// Who reported it, if that is known.
    pub(super) reporter: Option<PersonId>,
    /// What answering its requests takes; `None`: it has none.
    pub(super) authority: Option<&'a CaseAuthority>,
}

/// Opens the case: writes number, state, time and reporter as a change of the
/// server's own, after the report's, and answers what was asked for with it.
pub(super) fn open_case(
    mut work: RecordWork,
    numbering: Numbering,
    number: u64,
    opening: Opening<'_>,
) -> StorageResult<RecordWork> {
    let Opening { actor, at, .. } = opening;
    let corrupt = |error: &dyn std::fmt::Display| {
        tracing::error!(%error, "an incident's case could not be opened");
        StorageError::Corrupt("incident")
    };
    let edits = edits(number, at, opening.reporter).map_err(|error| corrupt(&error))?;
    let mut document = match numbering.record {
        Unnumbered::First(mut record) => {
            let written = record
                .edit_as_server(&edits, actor, at)
                .map_err(|error| corrupt(&error))?;
            let change = written.ok_or_else(|| corrupt(&"the report holds a case already"))?;
            push_change(&mut work.changes, change, actor);
            work.saved = record.saved;
            work.heads = record.heads;
            work.summary = record.summary;
            return Ok(work);
        }
        Unnumbered::Open(document) => document,
    };
    let written = document
        .edit_as_server(&edits, actor, at)
        .map_err(|error| corrupt(&error))?;
    if let Some(change) = written {
        push_change(&mut work.changes, change, actor);
        if let Some(authority) = opening.authority {
            authority.answer(work.id, &work.grid, &mut document, &mut work.changes);
        }
        work.saved = document.save();
        work.heads = document.heads();
        work.summary = document.summary();
    }
    Ok(work)
}

fn edits(
    number: u64,
    at: Timestamp,
    reporter: Option<PersonId>,
) -> Result<Vec<FieldEdit>, InvalidFieldPath> {
    let mut edits = vec![
        FieldEdit::set(
            FieldPath::new("case.number")?,
            FieldValue::text(number_text(at, number)),
        ),
        FieldEdit::set(FieldPath::new("case.state")?, FieldValue::text("reported")),
        FieldEdit::set(FieldPath::new("case.received_at")?, FieldValue::Time(at)),
    ];
    if let Some(reporter) = reporter {
        let value = FieldValue::text(reporter.to_string());
        edits.push(FieldEdit::set(FieldPath::new("case.reporter")?, value));
    }
    Ok(edits)
}

/// Adds a change of the server's own after those of a record.
pub(super) fn push_change(changes: &mut Vec<NewChange>, change: LocalChange, actor: ActorId) {
    let item = changes.last().map_or(0, |last| last.item);
    changes.push(NewChange::written(item, change, actor, ChangeBy::Server));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_carry_the_day_in_china() {
        let evening = Timestamp::from_millis(1_767_283_200_000); // 2026-01-01T16:00Z
        assert_eq!(number_text(evening, 7), "SJ20260102000007");
        assert_eq!(series(evening), "case:20260102");
    }
}
