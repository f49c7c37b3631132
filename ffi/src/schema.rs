//! Which fields a kind of record has, so that a shell can build forms, and the
//! texts that belong to records. A shell takes its texts for data from here
//! and its own for buttons only.

use wangge_core::RecordState;
use wangge_model::{
    FieldPath, MaskingKind, RecordKind,
    document::schema::{self, FieldOwner},
    message::{Language, choice_message_id, field_message_id, message, message_id},
};

use crate::{
    AppError, Core,
    value::{FieldEdit, FieldValue},
};

/// Who writes a field.
#[uniffi::remote(Enum)]
pub enum FieldOwner {
    /// People, on phones and in the console.
    People,
    /// The server alone.
    Server,
    /// Part of a request, which is filed whole: in no form.
    Requester,
}

/// What kind of value is masked, and how hard.
#[uniffi::remote(Enum)]
pub enum MaskingKind {
    /// A person's name.
    Name,
    /// A citizen number on ordinary pages.
    CitizenIdLevel1,
    /// A citizen number on pages of special groups.
    CitizenIdLevel2,
    /// A mobile number.
    Mobile,
    /// A landline number.
    Landline,
    /// A passport or permit.
    Permit,
    /// An address.
    Address,
    /// Any of these on its way to a log.
    Log,
}

/// One text in both languages of the app.
#[derive(Debug, Clone, PartialEq, Eq, uniffi::Record)]
pub struct Texts {
    /// Simplified Chinese.
    pub zh: String,
    /// English.
    pub en: String,
}

/// One field of a kind of record.
#[derive(Debug, Clone, PartialEq, Eq, uniffi::Record)]
pub struct FieldSpec {
    /// Its path, with `*` for an entry id.
    pub path: String,
    /// Its name.
    pub label: Texts,
    /// What it may hold.
    pub field_type: FieldType,
    /// How it is masked where a person need not see it whole.
    pub masking: Option<MaskingKind>,
    /// Who writes it.
    pub owner: FieldOwner,
}

/// What a field may hold.
#[derive(Debug, Clone, PartialEq, Eq, uniffi::Enum)]
pub enum FieldType {
    /// One line.
    Line {
        /// At most this many characters.
        max_characters: u32,
    },
    /// Many lines; the last writer wins.
    Paragraph {
        /// At most this many characters.
        max_characters: u32,
    },
    /// Many lines that two people may edit at once.
    SharedText {
        /// At most this many characters.
        max_characters: u32,
    },
    /// One of these.
    Choice {
        /// In the order to show them.
        choices: Vec<Choice>,
    },
    /// A whole number within these bounds, inclusive.
    Integer {
        /// Smallest.
        min: i64,
        /// Largest.
        max: i64,
    },
    /// A measured number within these bounds, inclusive.
    Number {
        /// Smallest.
        min: i32,
        /// Largest.
        max: i32,
    },
    /// Yes or no.
    Flag,
    /// A civil date, `YYYY-MM-DD`.
    Date,
    /// A moment.
    Time,
    /// A mainland mobile or landline number.
    PhoneNumber,
    /// A citizen identity number.
    CitizenId,
    /// The id of another record.
    RecordReference,
    /// A unified social credit code.
    CreditCode,
    /// A number of a permit or passport.
    PermitNumber,
    /// Letters, digits and hyphens, stored in upper case.
    Code {
        /// At most this many characters.
        max_characters: u32,
    },
    /// The SHA-256 sum of a file, 64 hexadecimal digits.
    Sha256,
}

/// One of the values of a choice.
#[derive(Debug, Clone, PartialEq, Eq, uniffi::Record)]
pub struct Choice {
    /// What is stored.
    pub code: String,
    /// What is shown.
    pub label: Texts,
}

/// The fields of a kind of record, in the order of a form.
#[uniffi::export]
pub fn field_specs(kind: RecordKind) -> Vec<FieldSpec> {
    schema::fields(kind)
        .iter()
        .map(|spec| field_spec(kind, spec))
        .collect()
}

/// What a kind of record is called.
#[uniffi::export]
pub fn kind_label(kind: RecordKind) -> Texts {
    texts(&message_id("kind", kind.as_str()))
}

/// What a record's state is called.
#[uniffi::export]
pub fn state_label(state: RecordState) -> Texts {
    texts(match state {
        RecordState::OnPhone => "state-on-phone",
        RecordState::AtServer => "state-at-server",
        RecordState::NeedsAttention => "state-needs-attention",
    })
}

/// Why the server did not take a change, by the code of its
/// [`Refusal`](wangge_core::Refusal).
#[uniffi::export]
pub fn refusal_text(code: &str) -> Texts {
    texts(&message_id("quarantine", code))
}

/// How the last sync ended, by [`SyncStatus`](wangge_core::sync::SyncStatus)'s
/// `last_error`.
#[uniffi::export]
pub fn sync_error_text(code: &str) -> Texts {
    let id = message_id("sync", code);
    let refused = message_id("problem", code);
    let known = wangge_model::message::find_message(Language::Chinese, &id, &[]).is_some();
    texts(if known { &id } else { &refused })
}

/// A value masked for showing.
#[uniffi::export]
pub fn mask(masking: MaskingKind, value: &str) -> String {
    masking.mask(value)
}

#[uniffi::export]
impl Core {
    /// What would be stored for a typed value, or why it cannot be
    /// ([`AppError::Invalid`] with the text for the person). Nothing for an
    /// emptied box.
    pub fn validate_field(
        &self,
        kind: RecordKind,
        path: FieldPath,
        value: Option<FieldValue>,
    ) -> Result<Option<FieldValue>, AppError> {
        let edit = FieldEdit { path, value }.into();
        let normal = self.inner.normalise(kind, &[edit])?;
        Ok(normal
            .into_iter()
            .find_map(|edit| edit.value)
            .map(FieldValue::from))
    }
}

fn texts(id: &str) -> Texts {
    Texts {
        zh: message(Language::Chinese, id, &[]),
        en: message(Language::English, id, &[]),
    }
}

pub(crate) fn field_spec(kind: RecordKind, spec: &schema::FieldSpec) -> FieldSpec {
    FieldSpec {
        path: spec.path.to_owned(),
        label: texts(&field_message_id(kind, spec.path)),
        field_type: field_type(kind, spec),
        masking: spec.masking,
        owner: spec.owner,
    }
}

fn field_type(kind: RecordKind, spec: &schema::FieldSpec) -> FieldType {
    let characters = |max: usize| u32::try_from(max).unwrap_or(u32::MAX);
    match spec.kind {
        schema::FieldType::Line(max) => FieldType::Line {
            max_characters: characters(max),
        },
        // An extra field is in no kind's list.
        schema::FieldType::Paragraph(max) | schema::FieldType::Extra(max) => FieldType::Paragraph {
            max_characters: characters(max),
        },
        schema::FieldType::SharedText(max) => FieldType::SharedText {
            max_characters: characters(max),
        },
        schema::FieldType::Choice(codes) => {
            let choice = |code: &&str| Choice {
                code: (*code).to_owned(),
                label: texts(&choice_message_id(kind, spec.path, code)),
            };
            FieldType::Choice {
                choices: codes.iter().map(choice).collect(),
            }
        }
        schema::FieldType::Integer(min, max) => FieldType::Integer { min, max },
        schema::FieldType::Number(min, max) => FieldType::Number { min, max },
        schema::FieldType::Flag => FieldType::Flag,
        schema::FieldType::Date => FieldType::Date,
        schema::FieldType::Time => FieldType::Time,
        schema::FieldType::PhoneNumber => FieldType::PhoneNumber,
        schema::FieldType::CitizenId => FieldType::CitizenId,
        schema::FieldType::RecordReference => FieldType::RecordReference,
        schema::FieldType::CreditCode => FieldType::CreditCode,
        schema::FieldType::PermitNumber => FieldType::PermitNumber,
        schema::FieldType::Code(max) => FieldType::Code {
            max_characters: characters(max),
        },
        schema::FieldType::Sha256 => FieldType::Sha256,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn assert_both(texts: &Texts) {
        assert!(!texts.zh.is_empty() && !texts.en.is_empty(), "{texts:?}");
        assert_ne!(texts.zh, texts.en);
    }

    #[test]
    fn every_field_and_choice_of_every_kind_is_there_with_its_texts() {
        for kind in RecordKind::ALL {
            assert_both(&kind_label(kind));
            let specs = field_specs(kind);
            assert_eq!(specs.len(), schema::fields(kind).len());
            for spec in &specs {
                assert_both(&spec.label);
                if let FieldType::Choice { choices } = &spec.field_type {
                    for choice in choices {
                        assert_both(&choice.label);
                    }
                }
            }
        }
    }

    #[test]
    fn a_field_keeps_limits_masking_and_owner() {
        let specs = field_specs(RecordKind::Household);
        let find = |path: &str| specs.iter().find(|spec| spec.path == path).unwrap();
        assert_eq!(
            find("address.estate").field_type,
            FieldType::Line { max_characters: 60 }
        );
        assert_eq!(find("contact.phone").masking, Some(MaskingKind::Mobile));
        let specs = field_specs(RecordKind::Incident);
        let number = specs
            .iter()
            .find(|spec| spec.path == "case.number")
            .unwrap();
        assert_eq!(number.owner, FieldOwner::Server);
    }

    #[test]
    fn states_refusals_and_sync_errors_have_texts() {
        for state in [
            RecordState::OnPhone,
            RecordState::AtServer,
            RecordState::NeedsAttention,
        ] {
            assert_both(&state_label(state));
        }
        assert_both(&refusal_text("out_of_scope"));
        assert_both(&sync_error_text("offline"));
        assert_both(&sync_error_text("device_revoked"));
    }
}
