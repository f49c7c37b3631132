//! The case of an incident: the part that only the server writes. A report
//! gets its number in the same transaction in which it is first stored, so
//! numbers follow the order of arrival and none is given twice.

use wangge_model::{
    ActorId, FieldPath, FieldValue, RecordKind, Timestamp,
    document::{FieldEdit, InvalidFieldPath, LocalChange, RecordDocument},
};

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

/// Opens the case: writes number, state and time as a change of the server's
/// own, after the report's.
pub(super) fn open_case(
    mut work: RecordWork,
    numbering: Numbering,
    number: u64,
    actor: ActorId,
    at: Timestamp,
) -> StorageResult<RecordWork> {
    let corrupt = |error: &dyn std::fmt::Display| {
        tracing::error!(%error, "an incident's case could not be opened");
        StorageError::Corrupt("incident")
    };
    let edits = edits(number, at).map_err(|error| corrupt(&error))?;
    let mut document = match numbering.record {
        Unnumbered::First(mut record) => {
            let written = record
                .edit_as_server(&edits, actor, at)
                .map_err(|error| corrupt(&error))?;
            let change = written.ok_or_else(|| corrupt(&"the report holds a case already"))?;
            push_change(&mut work, change, actor);
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
        push_change(&mut work, change, actor);
        work.saved = document.save();
        work.heads = document.heads();
        work.summary = document.summary();
    }
    Ok(work)
}

fn edits(number: u64, at: Timestamp) -> Result<[FieldEdit; 3], InvalidFieldPath> {
    Ok([
        FieldEdit::set(
            FieldPath::new("case.number")?,
            FieldValue::text(number_text(at, number)),
        ),
        FieldEdit::set(FieldPath::new("case.state")?, FieldValue::text("reported")),
        FieldEdit::set(FieldPath::new("case.received_at")?, FieldValue::Time(at)),
    ])
}

fn push_change(work: &mut RecordWork, change: LocalChange, actor: ActorId) {
    let item = work.changes.last().map_or(0, |last| last.item);
    work.changes.push(NewChange {
        item,
        hash: change.hash,
        actor,
        actor_seq: change.seq,
        bytes: change.bytes,
        by: ChangeBy::Server,
    });
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
