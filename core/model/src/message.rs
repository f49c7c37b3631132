//! Every text a person reads, in Chinese first and English second, from the
//! Fluent files in `messages/`. A missing text is a failing test, not a blank.

use std::{collections::BTreeMap, sync::OnceLock};

use fluent_bundle::{FluentArgs, FluentResource, concurrent::FluentBundle};
use unic_langid::LanguageIdentifier;

use crate::document::schema::FieldError;

/// A language the product speaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub enum Language {
    /// Simplified Chinese (zh-CN).
    #[default]
    Chinese,
    /// English.
    English,
}

impl Language {
    /// Both languages.
    pub const ALL: [Self; 2] = [Self::Chinese, Self::English];

    /// BCP 47 tag.
    pub const fn tag(self) -> &'static str {
        match self {
            Self::Chinese => "zh-CN",
            Self::English => "en",
        }
    }

    /// The language of a tag or an `Accept-Language` header; Chinese unless
    /// English comes first.
    pub fn from_tag(tag: &str) -> Self {
        if tag.trim_start().to_ascii_lowercase().starts_with("en") {
            Self::English
        } else {
            Self::Chinese
        }
    }

    fn identifier(self) -> LanguageIdentifier {
        self.tag().parse().unwrap_or_default()
    }
}

macro_rules! message_files {
    ($($name:literal),* $(,)?) => {
        const CHINESE: &[&str] = &[$(include_str!(concat!("../messages/zh-CN/", $name)),)*];
        const ENGLISH: &[&str] = &[$(include_str!(concat!("../messages/en/", $name)),)*];
    };
}

message_files!(
    "rules.ftl",
    "cases.ftl",
    "assessment.ftl",
    "duty.ftl",
    "sync.ftl",
    "fields.ftl",
    "org.ftl",
    "visits.ftl",
    "console.ftl",
    "demo.ftl",
    "server.ftl",
    "ledger.ftl",
    "residents.ftl"
);

struct Texts(BTreeMap<Language, FluentBundle<FluentResource>>);

static TEXTS: OnceLock<Texts> = OnceLock::new();

fn bundle(language: Language) -> Option<&'static FluentBundle<FluentResource>> {
    let build = |language: Language, files: &[&str]| {
        let mut bundle = FluentBundle::new_concurrent(vec![language.identifier()]);
        // Marks around inserted values help mixed-direction text only, and
        // would end up in CSV files and test comparisons.
        bundle.set_use_isolating(false);
        for file in files {
            let resource = match FluentResource::try_new((*file).to_owned()) {
                Ok(resource) | Err((resource, _)) => resource,
            };
            bundle.add_resource_overriding(resource);
        }
        bundle
    };
    TEXTS
        .get_or_init(|| {
            Texts(BTreeMap::from([
                (Language::Chinese, build(Language::Chinese, CHINESE)),
                (Language::English, build(Language::English, ENGLISH)),
            ]))
        })
        .0
        .get(&language)
}

/// The text with this id, with values filled in. An id nobody wrote a text for
/// comes back as itself, so that a person still sees something to report.
pub fn message(language: Language, id: &str, arguments: &[(&str, &str)]) -> String {
    find_message(language, id, arguments).unwrap_or_else(|| id.to_owned())
}

/// The text with this id, if there is one.
pub fn find_message(language: Language, id: &str, arguments: &[(&str, &str)]) -> Option<String> {
    let bundle = bundle(language)?;
    let pattern = bundle.get_message(id)?.value()?;
    let mut values = FluentArgs::new();
    for (name, value) in arguments {
        values.set(*name, *value);
    }
    let mut errors = Vec::new();
    Some(
        bundle
            .format_pattern(pattern, Some(&values), &mut errors)
            .into_owned(),
    )
}

/// A message id from a prefix and a `snake_case` code:
/// `problem` and `bad_request` give `problem-bad-request`.
pub fn message_id(prefix: &str, code: &str) -> String {
    format!("{prefix}-{}", code.replace('_', "-"))
}

/// Message id of a field's name, e.g. `household-address-room` and
/// `household-members-name`.
pub fn field_message_id(kind: crate::RecordKind, pattern: &str) -> String {
    format!(
        "{kind}-{}",
        pattern.replace(".*.", "-").replace(['.', '_'], "-")
    )
}

/// Message id of a choice, e.g. `household-ledger--tenant`.
pub fn choice_message_id(kind: crate::RecordKind, pattern: &str, code: &str) -> String {
    format!(
        "{}--{}",
        field_message_id(kind, pattern),
        code.replace('_', "-")
    )
}

/// Why a value does not fit its field, for the person who typed it. For an
/// identity number or credit code the rule that was broken, where that needs no
/// more than its code.
pub fn field_error_message(language: Language, error: &FieldError) -> String {
    if let FieldError::NotACitizenId(code) | FieldError::NotACreditCode(code) = error {
        let rule = find_message(language, &code.replace('_', "-"), &[]);
        // A brace is a value the code alone does not carry.
        if let Some(text) = rule.filter(|text| !text.contains('{')) {
            return text;
        }
    }
    let (max, min) = match error {
        FieldError::TooLong { max } => (max.to_string(), String::new()),
        FieldError::OutOfRange { min, max } => (max.to_string(), min.to_string()),
        _ => (String::new(), String::new()),
    };
    message(
        language,
        &message_id("field", error.code()),
        &[("max", &max), ("min", &min)],
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        RecordKind,
        collection::CollectionListError,
        document::schema::{self, FieldType},
        duplicate::MatchKind,
        guard::GuardError,
        member_move::MemberMoveError,
        protocol::ProblemCode,
        record_problem::RecordProblemCode,
    };

    fn assert_both(id: &str) {
        for language in Language::ALL {
            let text = find_message(language, id, &[]);
            assert!(
                text.is_some_and(|text| !text.is_empty()),
                "{} lacks {id}",
                language.tag()
            );
        }
    }

    #[test]
    fn every_code_has_a_text_in_both_languages() {
        for code in ProblemCode::ALL {
            assert_both(&message_id("problem", code.as_str()));
        }
        for code in GuardError::CODES {
            assert_both(&message_id("quarantine", code));
        }
        for code in CollectionListError::CODES {
            assert_both(&message_id("collection-list", code));
        }
        for code in RecordProblemCode::ALL {
            assert_both(&message_id("record-problem", code.as_str()));
        }
        for kind in MatchKind::ALL {
            assert_both(&message_id("duplicate", kind.as_str()));
        }
        for code in MemberMoveError::CODES {
            assert_both(&message_id("member-move", code));
        }
        for code in ["out_of_scope", "erased", "stale_record_epoch"] {
            assert_both(&message_id("quarantine", code));
        }
    }

    #[test]
    fn every_field_kind_and_choice_has_a_name_in_both_languages() {
        for kind in RecordKind::ALL {
            assert_both(&format!("kind-{kind}"));
            for spec in schema::fields(kind) {
                assert_both(&field_message_id(kind, spec.path));
                if let FieldType::Choice(codes) = spec.kind {
                    for code in codes {
                        assert_both(&choice_message_id(kind, spec.path, code));
                    }
                }
            }
        }
    }

    #[test]
    fn a_field_error_names_its_limits_and_the_broken_rule() {
        let text = |error| field_error_message(Language::English, &error);
        assert!(text(FieldError::TooLong { max: 60 }).contains("60"));
        let range = text(FieldError::OutOfRange { min: -90, max: 90 });
        assert!(range.contains("-90") && range.contains("90"), "{range}");
        let number = |code: &str| text(FieldError::NotACitizenId(code.to_owned()));
        let general = number("citizen_id_not_normal");
        assert_ne!(number("citizen_id_check_character_wrong"), general);
        assert_eq!(number("citizen_id_wrong_length"), general);
        assert!(!general.contains('{'));
    }

    #[test]
    fn values_are_filled_in_and_unknown_ids_stay_visible() {
        assert_eq!(
            message(Language::English, "no-such-text", &[]),
            "no-such-text"
        );
        let text = message(Language::Chinese, "field-too-long", &[("max", "60")]);
        assert!(text.contains("60"), "{text}");
    }
}
