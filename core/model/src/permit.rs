//! Identity documents other than the citizen number: passports and permits.
//!
//! Sources: the card formats of the National Immigration Administration for
//! travel permits, the residence permit of residents of Hong Kong, Macao and
//! Taiwan (GB 11643 numbers with 810000, 820000, 830000), and the permanent
//! residence card of foreigners (three letters and 12 digits until 2023; since
//! 2023-12-01 18 characters that begin with 9 and end with a MOD 11-2 check).
//! The series of Chinese passports are inferred from the known ones. Owns shape
//! and check characters; whether a document was issued is not knowable here.
//! `Debug` is redacted.

use std::fmt;

use chrono::NaiveDate;
use thiserror::Error;

use crate::citizen_id::{CitizenId, CitizenIdError, CitizenIdPolicy, check_character};
use crate::text::{ascii_part, full_width_position};

/// Which document a number belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum PermitKind {
    /// 港澳居民来往内地通行证.
    HkMacaoTravelPermit,
    /// 台湾居民来往大陆通行证.
    TaiwanTravelPermit,
    /// 港澳台居民居住证.
    HkMacaoTaiwanResidencePermit,
    /// 外国人永久居留身份证.
    ForeignerPermanentResidence,
    /// 中国护照.
    ChinesePassport,
    /// A passport of another country.
    ForeignPassport,
}

impl PermitKind {
    /// All kinds.
    pub const ALL: [Self; 6] = [
        Self::HkMacaoTravelPermit,
        Self::TaiwanTravelPermit,
        Self::HkMacaoTaiwanResidencePermit,
        Self::ForeignerPermanentResidence,
        Self::ChinesePassport,
        Self::ForeignPassport,
    ];

    /// The name as files and messages write it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::HkMacaoTravelPermit => "hk_macao_travel_permit",
            Self::TaiwanTravelPermit => "taiwan_travel_permit",
            Self::HkMacaoTaiwanResidencePermit => "hk_macao_taiwan_residence_permit",
            Self::ForeignerPermanentResidence => "foreigner_permanent_residence",
            Self::ChinesePassport => "chinese_passport",
            Self::ForeignPassport => "foreign_passport",
        }
    }
}

/// Why a text is not a number of the kind of document.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum PermitError {
    /// Nothing but spaces.
    #[error("document number is empty")]
    Empty,
    /// A full-width digit or letter.
    #[error("full-width character at position {position}")]
    FullWidth {
        /// Character position, counted from 1.
        position: usize,
    },
    /// Not the letters and digits this kind of document has.
    #[error("not the shape of a number of {}", kind.as_str())]
    WrongShape {
        /// The kind asked for.
        kind: PermitKind,
    },
    /// The last character does not fit the others.
    #[error("the check character does not fit")]
    CheckCharacterWrong,
    /// A residence permit breaks a rule of citizen numbers.
    #[error("residence permit: {0}")]
    ResidencePermit(#[from] CitizenIdError),
}

impl PermitError {
    /// Stable name of the error, for message files and interfaces.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Empty => "permit_empty",
            Self::FullWidth { .. } => "permit_full_width",
            Self::WrongShape { kind } => match kind {
                PermitKind::HkMacaoTravelPermit => "permit_hk_macao_travel_permit_shape",
                PermitKind::TaiwanTravelPermit => "permit_taiwan_travel_permit_shape",
                PermitKind::HkMacaoTaiwanResidencePermit => {
                    "permit_hk_macao_taiwan_residence_permit_shape"
                }
                PermitKind::ForeignerPermanentResidence => {
                    "permit_foreigner_permanent_residence_shape"
                }
                PermitKind::ChinesePassport => "permit_chinese_passport_shape",
                PermitKind::ForeignPassport => "permit_foreign_passport_shape",
            },
            Self::CheckCharacterWrong => "permit_check_character_wrong",
            Self::ResidencePermit(error) => error.code(),
        }
    }

    /// Named values for the message of [`Self::code`].
    pub fn arguments(&self) -> Vec<(&'static str, String)> {
        match self {
            Self::FullWidth { position } => vec![("position", position.to_string())],
            Self::ResidencePermit(error) => error.arguments(),
            Self::Empty | Self::WrongShape { .. } | Self::CheckCharacterWrong => Vec::new(),
        }
    }
}

/// A number with the shape (and check) of its kind, in upper case.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct PermitNumber {
    kind: PermitKind,
    text: String,
}

impl PermitNumber {
    /// Normalises (outer spaces, lower case) and checks a number. `today` and
    /// `policy` matter to residence permits only, whose numbers carry a birth
    /// date; see [`CitizenId::parse`].
    pub fn parse(
        kind: PermitKind,
        text: &str,
        today: NaiveDate,
        policy: CitizenIdPolicy,
    ) -> Result<Self, PermitError> {
        let text = text.trim().to_ascii_uppercase();
        if text.is_empty() {
            return Err(PermitError::Empty);
        }
        if let Some(position) = full_width_position(&text) {
            return Err(PermitError::FullWidth { position });
        }
        let right_shape = match kind {
            PermitKind::HkMacaoTravelPermit => {
                matches!(text.as_bytes(), [b'H' | b'M', rest @ ..] if all_digits(rest, &[8, 10]))
            }
            PermitKind::TaiwanTravelPermit => all_digits(text.as_bytes(), &[8, 10]),
            PermitKind::HkMacaoTaiwanResidencePermit => {
                ["810000", "820000", "830000"].contains(&ascii_part(&text, 0, 6))
                    && text.chars().count() == 18
            }
            PermitKind::ForeignerPermanentResidence => is_permanent_residence(text.as_bytes()),
            PermitKind::ChinesePassport => is_chinese_passport(text.as_bytes()),
            PermitKind::ForeignPassport => {
                (5..=20).contains(&text.len())
                    && text
                        .bytes()
                        .all(|b| b.is_ascii_uppercase() || b.is_ascii_digit())
            }
        };
        if !right_shape {
            return Err(PermitError::WrongShape { kind });
        }
        if kind == PermitKind::HkMacaoTaiwanResidencePermit {
            CitizenId::parse(&text, today, policy)?;
        }
        if kind == PermitKind::ForeignerPermanentResidence
            && text.len() == 18
            && check_character(ascii_part(&text, 0, 17)) != text.chars().last()
        {
            return Err(PermitError::CheckCharacterWrong);
        }
        Ok(Self { kind, text })
    }

    /// The kind of document.
    pub const fn kind(&self) -> PermitKind {
        self.kind
    }

    /// The whole number. Personal data.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// The part that stays the same when the document is renewed: without the
    /// two digits that count renewals of travel permits. Compare people by it.
    pub fn lasting(&self) -> &str {
        match self.kind {
            PermitKind::HkMacaoTravelPermit => ascii_part(&self.text, 0, 9),
            PermitKind::TaiwanTravelPermit => ascii_part(&self.text, 0, 8),
            _ => &self.text,
        }
    }
}

impl fmt::Debug for PermitNumber {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "PermitNumber({}, redacted)", self.kind.as_str())
    }
}

fn all_digits(bytes: &[u8], lengths: &[usize]) -> bool {
    lengths.contains(&bytes.len()) && bytes.iter().all(u8::is_ascii_digit)
}

fn is_permanent_residence(bytes: &[u8]) -> bool {
    match bytes {
        [b'9', middle @ .., last] if bytes.len() == 18 => {
            all_digits(middle, &[16]) && (last.is_ascii_digit() || *last == b'X')
        }
        [a, b, c, rest @ ..] => {
            [a, b, c].into_iter().all(u8::is_ascii_uppercase) && all_digits(rest, &[12])
        }
        _ => false,
    }
}

/// E and eight digits, E, a letter but I or O and seven digits, or one of the
/// service series.
fn is_chinese_passport(bytes: &[u8]) -> bool {
    let office_letter = |byte: u8| {
        byte.is_ascii_uppercase() && !matches!(byte, b'I' | b'O') || byte.is_ascii_digit()
    };
    match bytes {
        [b'E', second, rest @ ..] if office_letter(*second) => all_digits(rest, &[7]),
        [b'D', b'E' | b'P', rest @ ..] | [b'S', b'E', rest @ ..] => all_digits(rest, &[7]),
        [b'G' | b'D' | b'S' | b'P', rest @ ..] => all_digits(rest, &[8]),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use proptest::string::string_regex;
    use serde_json::Value;

    use super::*;

    /// Name of the kind in the vector file.
    const KINDS: [(PermitKind, &str); 5] = [
        (
            PermitKind::HkMacaoTravelPermit,
            "hk_macao_mainland_travel_permit",
        ),
        (
            PermitKind::TaiwanTravelPermit,
            "taiwan_mainland_travel_permit",
        ),
        (PermitKind::ChinesePassport, "cn_passport"),
        (
            PermitKind::ForeignerPermanentResidence,
            "foreigner_permanent_residence",
        ),
        (
            PermitKind::HkMacaoTaiwanResidencePermit,
            "hk_macao_tw_residence_permit",
        ),
    ];

    fn vectors() -> Value {
        let file: Value =
            serde_json::from_str(include_str!("../vectors/test_vectors.json")).unwrap();
        file["permits"].clone()
    }

    fn parse(kind: PermitKind, text: &str) -> Result<PermitNumber, PermitError> {
        let today = NaiveDate::from_ymd_opt(2026, 3, 1).unwrap();
        PermitNumber::parse(kind, text, today, CitizenIdPolicy::Production)
    }

    fn texts(value: &Value) -> Vec<String> {
        let list = value.as_array().cloned().unwrap_or_default();
        list.iter()
            .map(|text| text.as_str().unwrap().to_owned())
            .collect()
    }

    #[test]
    fn every_vector_is_taken_or_refused() {
        let vectors = vectors();
        assert_eq!(vectors.as_object().unwrap().len(), KINDS.len());
        let mut checked = 0;
        for (kind, name) in KINDS {
            for text in texts(&vectors[name]["ok"]) {
                assert_eq!(parse(kind, &text).unwrap().as_str(), text, "{name}");
                checked += 1;
            }
            for text in texts(&vectors[name]["bad"]) {
                assert_eq!(
                    parse(kind, &text),
                    Err(PermitError::WrongShape { kind }),
                    "{text}"
                );
                checked += 1;
            }
        }
        assert_eq!(checked, 19);
    }

    #[test]
    fn residence_permits_are_held_to_the_rule_of_citizen_numbers() {
        let kind = PermitKind::HkMacaoTaiwanResidencePermit;
        for text in [
            "810000190001010018",
            "820000190001010028",
            "830000190001010038",
        ] {
            assert!(parse(kind, text).is_ok(), "{text}");
        }
        let wrong = parse(kind, "810000190001010017").unwrap_err();
        assert_eq!(wrong.code(), "citizen_id_check_character_wrong");
        let mainland = parse(kind, "370102190001010027").unwrap_err();
        assert_eq!(mainland, PermitError::WrongShape { kind });
    }

    #[test]
    fn the_new_permanent_residence_card_needs_its_check_character() {
        let kind = PermitKind::ForeignerPermanentResidence;
        assert_eq!(
            parse(kind, "911249819900101124"),
            Err(PermitError::CheckCharacterWrong)
        );
        assert_eq!(
            parse(kind, "chn110000000000").unwrap().as_str(),
            "CHN110000000000"
        );
    }

    #[test]
    fn a_renewed_travel_permit_keeps_its_lasting_number() {
        let old = parse(PermitKind::HkMacaoTravelPermit, "H1234567800").unwrap();
        let new = parse(PermitKind::HkMacaoTravelPermit, " h12345678").unwrap();
        assert_eq!(old.lasting(), new.lasting());
        let old = parse(PermitKind::TaiwanTravelPermit, "1234567801").unwrap();
        assert_eq!(old.lasting(), "12345678");
    }

    #[test]
    fn foreign_passports_are_letters_and_digits_of_a_sane_length() {
        let kind = PermitKind::ForeignPassport;
        assert!(parse(kind, "AB12345").is_ok());
        for text in [
            "AB12",
            "AB 12345",
            "AB-12345",
            "ABCDEFGHIJ12345678901",
            "护照12345",
        ] {
            assert_eq!(
                parse(kind, text),
                Err(PermitError::WrongShape { kind }),
                "{text}"
            );
        }
        assert_eq!(parse(kind, " "), Err(PermitError::Empty));
        assert_eq!(
            parse(kind, "ＡB12345"),
            Err(PermitError::FullWidth { position: 1 })
        );
    }

    #[test]
    fn everything_the_published_patterns_describe_is_taken() {
        let vectors = vectors();
        let mut runner = proptest::test_runner::TestRunner::deterministic();
        for (kind, name, key) in [
            (
                PermitKind::HkMacaoTravelPermit,
                "hk_macao_mainland_travel_permit",
                "regex",
            ),
            (
                PermitKind::TaiwanTravelPermit,
                "taiwan_mainland_travel_permit",
                "regex",
            ),
            (PermitKind::ChinesePassport, "cn_passport", "regex"),
            (
                PermitKind::ForeignerPermanentResidence,
                "foreigner_permanent_residence",
                "regex_2017",
            ),
        ] {
            let pattern = vectors[name][key].as_str().unwrap();
            let pattern = pattern.trim_matches(['^', '$']).replace(r"\d", "[0-9]");
            runner
                .run(&string_regex(&pattern).unwrap(), |text| {
                    prop_assert!(parse(kind, &text).is_ok(), "{} {}", name, text);
                    Ok(())
                })
                .unwrap();
        }
    }

    proptest! {
        #[test]
        fn no_text_makes_parsing_panic(text in any::<String>(), near in "[A-Z9X0-9]{0,20}") {
            for kind in PermitKind::ALL {
                let _ = parse(kind, &text);
                let _ = parse(kind, &near);
            }
        }
    }
}
