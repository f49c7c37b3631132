//! Looking, while somebody types, whether it is on file already.

use wangge_core::DuplicateSign;
use wangge_model::{
    GridId, RecordId, RecordKind,
    duplicate::MatchKind,
    message::{Language, message, message_id},
};

use crate::{
    AppError, Core,
    record::RecordRow,
    schema::Texts,
    value::{FieldEdit, to_core},
};

/// What two records have in common.
#[uniffi::remote(Enum)]
pub enum MatchKind {
    /// The key in the public security's table of addresses.
    StandardAddress,
    /// The address, however it is written; within one grid.
    Address,
    /// A person's identity number, or the number of another document.
    IdentityNumber,
    /// A person's name and birth date.
    NameAndBirth,
    /// The unified social credit code.
    CreditCode,
    /// A place's name; within one grid.
    PlaceName,
}

/// One thing two records have in common.
#[uniffi::remote(Record)]
pub struct DuplicateSign {
    /// What.
    pub kind: MatchKind,
    /// The member it is about in what is being typed; empty for the record.
    pub mine: String,
    /// The member it is about in the other record; empty for the record.
    pub theirs: String,
    /// That member's name; empty for the record.
    pub name: String,
}

/// A record that may be about the same.
#[derive(Debug, Clone, PartialEq, Eq, uniffi::Record)]
pub struct Duplicate {
    /// It.
    pub row: RecordRow,
    /// What it has in common, the surest first.
    pub signs: Vec<DuplicateSign>,
}

#[uniffi::export(async_runtime = "tokio")]
impl Core {
    /// Records of this kind that may be about the same as what is being typed;
    /// a reason to look, never to refuse. `record` is the one being edited, if
    /// any; `grid` where a new one will be filed.
    pub async fn find_duplicates(
        &self,
        kind: RecordKind,
        grid: Option<GridId>,
        record: Option<RecordId>,
        edits: Vec<FieldEdit>,
    ) -> Result<Vec<Duplicate>, AppError> {
        let edits = to_core(edits);
        let found = self
            .run(move |core| core.find_duplicates(kind, grid, record, &edits))
            .await?;
        let duplicate = |found: wangge_core::Duplicate| Duplicate {
            row: found.row.into(),
            signs: found.signs,
        };
        Ok(found.into_iter().map(duplicate).collect())
    }
}

/// What records have in common, in words.
#[uniffi::export]
pub fn match_kind_label(kind: MatchKind) -> Texts {
    let id = message_id("duplicate", kind.as_str());
    Texts {
        zh: message(Language::Chinese, &id, &[]),
        en: message(Language::English, &id, &[]),
    }
}
