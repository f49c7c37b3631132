//! What may stand in a field: the rule of each type, and the form in which a
//! typed value is stored.

use chrono::NaiveDate;

use super::{FieldSpec, FieldType};
use crate::{
    CreditCode, PermitKind, PermitNumber, RecordId,
    citizen_id::{CitizenId, CitizenIdPolicy},
    document::FieldValue,
    phone_number::PhoneNumber,
    text::{TextError, TextRule, to_half_width},
};

/// Why a value does not fit its field. The texts are `field-<code>` in the
/// message files.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum FieldError {
    /// This build knows no such field.
    #[error("there is no such field")]
    Unknown,
    /// Text where a number belongs, or the like.
    #[error("the value is of the wrong type")]
    WrongType,
    /// More characters than allowed.
    #[error("longer than {max} characters")]
    TooLong {
        /// The limit.
        max: usize,
    },
    /// Control or direction-changing characters.
    #[error("contains characters that cannot be shown")]
    BadCharacters,
    /// A code that is not in the list.
    #[error("not one of the choices")]
    NotAChoice,
    /// Outside its bounds.
    #[error("outside {min} to {max}")]
    OutOfRange {
        /// Smallest allowed.
        min: i64,
        /// Largest allowed.
        max: i64,
    },
    /// A measured number that is none (NaN) or has no end.
    #[error("not a finite number")]
    NotANumber,
    /// Not a calendar date written `YYYY-MM-DD`.
    #[error("not a date")]
    NotADate,
    /// Not a phone number.
    #[error("not a phone number")]
    NotAPhoneNumber,
    /// Not a citizen identity number.
    #[error("not a citizen identity number: {0}")]
    NotACitizenId(String),
    /// Not a record's id.
    #[error("not a record id")]
    NotARecordId,
    /// Not a unified social credit code.
    #[error("not a unified social credit code: {0}")]
    NotACreditCode(String),
    /// Not a number of any document for people without a citizen number.
    #[error("not a number of a permit or passport")]
    NotAPermitNumber,
    /// Other characters than letters, digits and hyphens.
    #[error("not a code")]
    NotACode,
    /// Not 64 hexadecimal digits.
    #[error("not a SHA-256 sum")]
    NotASha256,
    /// A field that only the server writes.
    #[error("only the server writes this field")]
    ServerOwned,
}

impl FieldError {
    /// Stable code for messages and receipts.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Unknown => "unknown",
            Self::WrongType => "wrong_type",
            Self::TooLong { .. } => "too_long",
            Self::BadCharacters => "bad_characters",
            Self::NotAChoice => "not_a_choice",
            Self::OutOfRange { .. } => "out_of_range",
            Self::NotANumber => "not_a_number",
            Self::NotADate => "not_a_date",
            Self::NotAPhoneNumber => "not_a_phone_number",
            Self::NotACitizenId(_) => "not_a_citizen_id",
            Self::NotARecordId => "not_a_record_id",
            Self::NotACreditCode(_) => "not_a_credit_code",
            Self::NotAPermitNumber => "not_a_permit_number",
            Self::NotACode => "not_a_code",
            Self::NotASha256 => "not_a_sha256",
            Self::ServerOwned => "server_owned",
        }
    }
}

impl FieldSpec {
    /// Whether `value` may be stored in this field by anyone. Both ends run
    /// exactly this, so what a phone saved the server accepts.
    pub fn check(&self, value: &FieldValue) -> Result<(), FieldError> {
        match (self.kind, value) {
            (FieldType::Line(max), FieldValue::Text(text)) => check_text(text, max, false),
            (FieldType::Paragraph(max) | FieldType::SharedText(max), FieldValue::Text(text)) => {
                check_text(text, max, true)
            }
            (FieldType::Choice(codes), FieldValue::Text(code)) => codes
                .contains(&code.as_str())
                .then_some(())
                .ok_or(FieldError::NotAChoice),
            (FieldType::Integer(min, max), FieldValue::Integer(number)) => (min..=max)
                .contains(number)
                .then_some(())
                .ok_or(FieldError::OutOfRange { min, max }),
            (FieldType::Number(min, max), value) => {
                let number = value.as_number().ok_or(FieldError::WrongType)?;
                (f64::from(min)..=f64::from(max))
                    .contains(&number)
                    .then_some(())
                    .ok_or(FieldError::OutOfRange {
                        min: i64::from(min),
                        max: i64::from(max),
                    })
            }
            (FieldType::Flag, FieldValue::Flag(_)) | (FieldType::Time, FieldValue::Time(_)) => {
                Ok(())
            }
            (FieldType::Date, FieldValue::Text(text)) => {
                check_date(text).ok_or(FieldError::NotADate)
            }
            (FieldType::PhoneNumber, FieldValue::Text(text)) => {
                let number = PhoneNumber::parse(text).map_err(|_| FieldError::NotAPhoneNumber)?;
                (number.as_str() == text)
                    .then_some(())
                    .ok_or(FieldError::NotAPhoneNumber)
            }
            (FieldType::CitizenId, FieldValue::Text(text)) => {
                // Shape, date and check digit only: a stored number must not
                // become wrong with time or with a deployment's policy.
                let id = parse_citizen_id(text, NaiveDate::MAX, CitizenIdPolicy::Synthetic)?;
                (id.as_str() == text)
                    .then_some(())
                    .ok_or_else(|| FieldError::NotACitizenId("citizen_id_not_normal".to_owned()))
            }
            (FieldType::RecordReference, FieldValue::Text(text)) => text
                .parse::<RecordId>()
                .map(|_| ())
                .map_err(|_| FieldError::NotARecordId),
            (FieldType::CreditCode, FieldValue::Text(text)) => {
                let code = parse_credit_code(text)?;
                (code.as_str() == text)
                    .then_some(())
                    .ok_or_else(|| FieldError::NotACreditCode("credit_code_not_normal".to_owned()))
            }
            (FieldType::PermitNumber, FieldValue::Text(text)) => {
                let number = parse_permit(text)?;
                (number.as_str() == text)
                    .then_some(())
                    .ok_or(FieldError::NotAPermitNumber)
            }
            (FieldType::Code(max), FieldValue::Text(text)) => {
                check_text(text, max, false)?;
                text.bytes()
                    .all(|b| b.is_ascii_digit() || b.is_ascii_uppercase() || b == b'-')
                    .then_some(())
                    .ok_or(FieldError::NotACode)
            }
            (FieldType::Sha256, FieldValue::Text(text)) => (text.len() == 64
                && text.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f')))
            .then_some(())
            .ok_or(FieldError::NotASha256),
            (FieldType::Extra(max), FieldValue::Text(text)) => check_text(text, max, true),
            (FieldType::Extra(_), FieldValue::Number(number)) => number
                .is_finite()
                .then_some(())
                .ok_or(FieldError::NotANumber),
            (FieldType::Extra(_), _) => Ok(()),
            _ => Err(FieldError::WrongType),
        }
    }
}

impl FieldSpec {
    /// The form in which a value a person typed is stored, or why it cannot
    /// be: spaces trimmed, phone and identity numbers normalised and checked.
    pub fn normalise(
        &self,
        value: FieldValue,
        today: NaiveDate,
        policy: CitizenIdPolicy,
    ) -> Result<FieldValue, FieldError> {
        let normal = match (self.kind, value) {
            (FieldType::Line(max), FieldValue::Text(text)) => {
                FieldValue::Text(TextRule::line(max).apply(&text).map_err(FieldError::from)?)
            }
            (
                FieldType::Paragraph(max) | FieldType::SharedText(max) | FieldType::Extra(max),
                FieldValue::Text(text),
            ) => FieldValue::Text(
                TextRule::lines(max)
                    .apply(&text)
                    .map_err(FieldError::from)?,
            ),
            (FieldType::PhoneNumber, FieldValue::Text(text)) => {
                let number = PhoneNumber::parse(&text).map_err(|_| FieldError::NotAPhoneNumber)?;
                FieldValue::Text(number.as_str().to_owned())
            }
            (FieldType::CitizenId, FieldValue::Text(text)) => {
                let id = parse_citizen_id(&text, today, policy)?;
                FieldValue::Text(id.as_str().to_owned())
            }
            (FieldType::CreditCode, FieldValue::Text(text)) => {
                FieldValue::Text(parse_credit_code(&text)?.as_str().to_owned())
            }
            (FieldType::PermitNumber, FieldValue::Text(text)) => {
                FieldValue::Text(parse_permit(&text)?.as_str().to_owned())
            }
            (FieldType::Code(_), FieldValue::Text(text)) => {
                FieldValue::Text(to_half_width(text.trim()).to_ascii_uppercase())
            }
            (FieldType::Sha256, FieldValue::Text(text)) => {
                FieldValue::Text(text.trim().to_ascii_lowercase())
            }
            (FieldType::Date, FieldValue::Text(text)) => {
                FieldValue::Text(to_half_width(text.trim()))
            }
            (_, value) => value,
        };
        self.check(&normal)?;
        Ok(normal)
    }
}

fn parse_citizen_id(
    text: &str,
    today: NaiveDate,
    policy: CitizenIdPolicy,
) -> Result<CitizenId, FieldError> {
    CitizenId::parse(text, today, policy)
        .map_err(|error| FieldError::NotACitizenId(error.code().to_owned()))
}

fn parse_credit_code(text: &str) -> Result<CreditCode, FieldError> {
    CreditCode::parse(text).map_err(|error| FieldError::NotACreditCode(error.code().to_owned()))
}

/// As a number of whichever document it fits. That a residence permit's birth
/// date lies in the past is asked of citizen numbers only: what is stored must
/// not become wrong with time.
fn parse_permit(text: &str) -> Result<PermitNumber, FieldError> {
    PermitKind::ALL
        .into_iter()
        .find_map(|kind| {
            PermitNumber::parse(kind, text, NaiveDate::MAX, CitizenIdPolicy::Synthetic).ok()
        })
        .ok_or(FieldError::NotAPermitNumber)
}

impl From<TextError> for FieldError {
    fn from(error: TextError) -> Self {
        match error {
            TextError::TooLong { limit, .. } => Self::TooLong { max: limit },
            TextError::Empty | TextError::Nul { .. } | TextError::DirectionOverride { .. } => {
                Self::BadCharacters
            }
        }
    }
}

fn check_text(text: &str, max: usize, lines: bool) -> Result<(), FieldError> {
    if text.chars().count() > max {
        return Err(FieldError::TooLong { max });
    }
    if text.chars().any(|c| is_unshowable(c, lines)) {
        return Err(FieldError::BadCharacters);
    }
    Ok(())
}

/// Control characters, and the marks that make text read in another order
/// than it is stored (Unicode bidirectional overrides and isolates).
fn is_unshowable(c: char, lines: bool) -> bool {
    (c.is_control() && !(lines && matches!(c, '\n' | '\t')))
        || matches!(c, '\u{202A}'..='\u{202E}' | '\u{2066}'..='\u{2069}' | '\u{FEFF}')
}

fn check_date(text: &str) -> Option<()> {
    let date = NaiveDate::parse_from_str(text, "%Y-%m-%d").ok()?;
    (date.format("%Y-%m-%d").to_string() == text).then_some(())
}
