//! Every error of the entry rules has its words in both languages.
//!
//! Test only: renders one error of each code with its own arguments and fails
//! on a missing entry, a missing variable, or an entry no error uses.

use std::collections::BTreeSet;

use fluent_bundle::{FluentArgs, FluentBundle, FluentResource};

use crate::citizen_id::CitizenIdError;
use crate::coordinate::PointError;
use crate::credit_code::CreditCodeError;
use crate::grid_code::{
    DivisionCodeError, DivisionLevel, GridCodeError, GridCodeSchemeError, SegmentName,
};
use crate::permit::{PermitError, PermitKind};
use crate::phone_number::PhoneNumberError;
use crate::plate::PlateError;
use crate::text::TextError;

const LANGUAGES: [(&str, &str); 2] = [
    ("zh-CN", include_str!("../messages/zh-CN/rules.ftl")),
    ("en", include_str!("../messages/en/rules.ftl")),
];

/// Entries that other entries refer to.
const SHARED: [&str; 1] = ["rule-segment"];

type Words = (&'static str, Vec<(&'static str, String)>);

macro_rules! words {
    ($($error:expr),* $(,)?) => { vec![$({ let error = $error; (error.code(), error.arguments()) }),*] };
}

fn one_error_of_each_code() -> Vec<Words> {
    let mut all = words![
        TextError::Empty,
        TextError::TooLong { limit: 2, found: 3 },
        TextError::Nul { position: 1 },
        TextError::DirectionOverride { position: 1 },
        GridCodeError::WrongLength {
            scheme: "shandong19".into(),
            expected: 19,
            found: 18
        },
        GridCodeError::FullWidth {
            position: 1,
            suggestion: "37".into()
        },
        GridCodeError::NotDigit { position: 1 },
        GridCodeError::ProvinceUnknown {
            province: "00".into()
        },
        GridCodeError::ZeroPart {
            segment: SegmentName::Street
        },
        GridCodeError::ZeroPart {
            segment: SegmentName::Community
        },
        GridCodeError::ZeroPart {
            segment: SegmentName::Grid
        },
        GridCodeError::ZeroPart {
            segment: SegmentName::Attribute
        },
        GridCodeError::ValueNotAllowed {
            segment: SegmentName::Attribute,
            value: "04".into(),
            allowed: vec!["01".into(), "02".into()],
        },
        GridCodeError::ValueNotAllowed {
            segment: SegmentName::Area,
            value: "04".into(),
            allowed: vec!["01".into()],
        },
        GridCodeError::PartMissing {
            segment: SegmentName::Area
        },
        GridCodeError::PartUnknown {
            segment: SegmentName::Object
        },
        GridCodeError::PartWidth {
            segment: SegmentName::Grid,
            expected: 3,
            found: 4
        },
        GridCodeSchemeError::IdMissing,
        GridCodeSchemeError::Gap {
            segment: "street",
            expected: 7
        },
        GridCodeSchemeError::LengthMismatch {
            covered: 14,
            length: 15
        },
        GridCodeSchemeError::SegmentTwice { segment: "street" },
        GridCodeSchemeError::SegmentMissing { segment: "grid" },
        GridCodeSchemeError::CountyWidth,
        GridCodeSchemeError::AllowedValue {
            segment: "attribute",
            value: "1".into(),
            width: 2
        },
        DivisionCodeError::WrongLength { found: 5 },
        DivisionCodeError::FullWidth { position: 1 },
        DivisionCodeError::NotDigit { position: 1 },
        DivisionCodeError::ProvinceUnknown {
            province: "99".into()
        },
        DivisionCodeError::ZeroPart {
            level: DivisionLevel::Street
        },
        DivisionCodeError::ZeroPart {
            level: DivisionLevel::Village
        },
        CitizenIdError::Empty,
        CitizenIdError::WrongLength { found: 16 },
        CitizenIdError::FullWidth { position: 1 },
        CitizenIdError::WrongCharacter { position: 1 },
        CitizenIdError::ProvinceUnknown,
        CitizenIdError::CountyNeverAssigned,
        CitizenIdError::BirthDateInvalid,
        CitizenIdError::BirthDateTooEarly,
        CitizenIdError::BirthDateInFuture,
        CitizenIdError::CheckCharacterWrong,
        PermitError::Empty,
        PermitError::FullWidth { position: 1 },
        PermitError::CheckCharacterWrong,
        PhoneNumberError::Empty,
        PhoneNumberError::FullWidth { position: 1 },
        PhoneNumberError::WrongCharacter { position: 1 },
        PhoneNumberError::MobileWrongLength { found: 10 },
        PhoneNumberError::MobilePrefix,
        PhoneNumberError::LandlineAreaCode,
        PhoneNumberError::LandlineWrongLength { found: 5 },
        CreditCodeError::Empty,
        CreditCodeError::WrongLength { found: 17 },
        CreditCodeError::FullWidth { position: 1 },
        CreditCodeError::WrongCharacter { position: 18 },
        CreditCodeError::CheckCharacterWrong,
        PlateError::Empty,
        PlateError::FullWidth { position: 2 },
        PlateError::ProvinceUnknown,
        PlateError::WrongLength { found: 6 },
        PlateError::WrongCharacter { position: 2 },
        PointError::NotANumber,
        PointError::Zero,
        PointError::OutsideChina,
        PointError::AccuracyInvalid,
    ];
    let birth = chrono::NaiveDate::from_ymd_opt(1880, 1, 1).unwrap();
    let converted = crate::citizen_id::CitizenId::synthetic(379_001, birth, 1).unwrap();
    all.extend(words![CitizenIdError::OldNumber { converted }]);
    all.extend(PermitKind::ALL.map(|kind| {
        let error = PermitError::WrongShape { kind };
        (error.code(), error.arguments())
    }));
    all
}

#[test]
fn codes_are_unique_and_snake_case() {
    let all = one_error_of_each_code();
    let unique: BTreeSet<_> = all.iter().map(|(code, _)| *code).collect();
    assert_eq!(unique.len(), all.len());
    for code in unique {
        assert!(
            code.bytes().all(|b| b.is_ascii_lowercase() || b == b'_'),
            "{code}"
        );
    }
}

#[test]
fn every_error_has_complete_words_in_both_languages() {
    for (language, source) in LANGUAGES {
        let resource = FluentResource::try_new(source.to_owned()).unwrap();
        let mut bundle = FluentBundle::new(vec![language.parse().unwrap()]);
        bundle.set_use_isolating(false);
        bundle.add_resource(&resource).unwrap();
        for (code, arguments) in one_error_of_each_code() {
            let id = code.replace('_', "-");
            let message = bundle
                .get_message(&id)
                .unwrap_or_else(|| panic!("{language}: no {id}"));
            let mut values = FluentArgs::new();
            for (name, value) in &arguments {
                values.set(*name, value.as_str());
            }
            let mut errors = Vec::new();
            let text = bundle.format_pattern(message.value().unwrap(), Some(&values), &mut errors);
            assert!(errors.is_empty(), "{language} {id}: {errors:?}");
            assert!(
                !text.contains('{') && text.chars().count() > 8,
                "{language} {id}: {text}"
            );
            if language == "zh-CN" {
                let found = text
                    .chars()
                    .find(|character| ",;:()!?".contains(*character));
                let list = arguments.iter().any(|(name, _)| *name == "allowed");
                assert!(
                    found.is_none() || list,
                    "{id}: half-width punctuation in {text}"
                );
            }
        }
    }
}

#[test]
fn every_entry_belongs_to_an_error() {
    let used: BTreeSet<String> = one_error_of_each_code()
        .iter()
        .map(|(code, _)| code.replace('_', "-"))
        .collect();
    for (language, source) in LANGUAGES {
        let entries: BTreeSet<String> = source
            .lines()
            .filter(|line| line.starts_with(|c: char| c.is_ascii_lowercase()))
            .filter_map(|line| line.split_once(" ="))
            .map(|(id, _)| id.to_owned())
            .filter(|id| !SHARED.contains(&id.as_str()))
            .collect();
        assert_eq!(entries, used, "{language}");
    }
}
