//! Fields of a record as a page shows them: labels, choices in words, masks.
//! Owns what is hidden. Does not own who may lift it ([`super::record`]).

use std::collections::HashMap;

use wangge_model::{
    FieldPath, FieldValue, MaskingKind, RecordId, RecordKind,
    document::{
        RecordDocument,
        schema::{self, FieldSpec, FieldType},
    },
    message::{Language, choice_message_id, field_message_id, find_message, message},
};

use super::record::view::list_href;
use crate::storage::RecordName;

/// Longest value in the history, in characters: the record itself shows it all.
const HISTORY_CHARS: usize = 300;

/// Turns the fields of one record into words.
#[derive(Debug)]
pub(crate) struct FieldText<'a> {
    /// The record.
    pub document: &'a RecordDocument,
    /// The language.
    pub language: Language,
    /// The one field whose mask is lifted on this page.
    pub shown: Option<&'a FieldPath>,
    /// Names of other records in scope that fields refer to.
    pub names: &'a HashMap<RecordId, RecordName>,
}

/// A value in words, and whether part of it is hidden.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Shown {
    /// The words.
    pub text: String,
    /// Part of it is hidden.
    pub is_masked: bool,
    /// Where it leads, if it names another record.
    pub link: Option<String>,
}

/// How a field is masked in the console. Names and the address of the file
/// itself stay readable: the work is done by them, within one's own grids.
pub(crate) fn masking(spec: &FieldSpec) -> Option<MaskingKind> {
    spec.masking
        .filter(|kind| *kind != MaskingKind::Name && spec.path != "address.detail")
}

impl FieldText<'_> {
    fn kind(&self) -> RecordKind {
        self.document.kind()
    }

    /// The field's own name, e.g. `Phone`.
    pub(crate) fn short_label(&self, path: &FieldPath) -> String {
        label(self.kind(), &path.pattern(), self.language)
    }

    /// The field's name with that of the entry it belongs to, e.g.
    /// `王小明 · Phone`.
    pub(crate) fn label(&self, path: &FieldPath) -> String {
        let parts: Vec<&str> = path.parts().collect();
        let own = self.short_label(path);
        match parts.as_slice() {
            [collection, entry, _] => format!("{} · {own}", self.entry_name(collection, entry)),
            _ => own,
        }
    }

    /// What an entry of a collection is called.
    pub(crate) fn entry_name(&self, collection: &str, entry: &str) -> String {
        let text = |field: &str| self.document.text(&format!("{collection}.{entry}.{field}"));
        let in_words = |field: &str| {
            let path = FieldPath::new(format!("{collection}.{entry}.{field}")).ok()?;
            let value = self.document.value(&path)?;
            Some(self.plain(&path, &value))
        };
        let named = text("name").or_else(|| {
            let fields = ["group", "item", "category", "kind"];
            fields.into_iter().find_map(in_words)
        });
        named.unwrap_or_else(|| {
            let id = format!("console-group-{collection}");
            find_message(self.language, &id, &[]).unwrap_or_else(|| collection.to_owned())
        })
    }

    /// The value in words, masked unless this field's mask is lifted.
    pub(crate) fn value(&self, path: &FieldPath, value: &FieldValue) -> Shown {
        let spec = schema::find_field(self.kind(), path);
        if let (Some(FieldType::RecordReference), Some(id)) = (
            spec.map(|spec| spec.kind),
            value
                .as_text()
                .and_then(|text| text.parse::<RecordId>().ok()),
        ) {
            return match self.names.get(&id) {
                Some(name) => Shown {
                    text: name.title.clone(),
                    is_masked: false,
                    link: Some(format!("{}/{id}", list_href(name.kind))),
                },
                None => Shown {
                    text: id.to_string(),
                    ..Shown::default()
                },
            };
        }
        let plain = self.plain(path, value);
        let lifted = self.shown == Some(path);
        match spec.and_then(masking).filter(|_| !lifted) {
            Some(kind) => {
                let text = kind.mask(&plain);
                Shown {
                    is_masked: text != plain,
                    text,
                    link: None,
                }
            }
            None => Shown {
                text: plain,
                ..Shown::default()
            },
        }
    }

    /// The value in the history: masked always, and not longer than a few
    /// lines.
    pub(crate) fn past_value(&self, path: &FieldPath, value: &FieldValue) -> String {
        let unlifted = FieldText {
            shown: None,
            ..*self
        };
        let text = unlifted.value(path, value).text;
        match text.char_indices().nth(HISTORY_CHARS) {
            Some((end, _)) => format!("{}…", text.get(..end).unwrap_or_default()),
            None => text,
        }
    }

    fn plain(&self, path: &FieldPath, value: &FieldValue) -> String {
        let pattern = path.pattern();
        let spec = schema::find_field(self.kind(), path);
        match (spec.map(|spec| spec.kind), value) {
            (Some(FieldType::Choice(_)), FieldValue::Text(code)) => {
                choice(self.kind(), &pattern, code, self.language)
            }
            (_, FieldValue::Flag(flag)) => message(
                self.language,
                if *flag { "console-yes" } else { "console-no" },
                &[],
            ),
            (_, FieldValue::Text(member))
                if ["labels.*.member", "members.*.guardian"].contains(&pattern.as_ref()) =>
            {
                self.document
                    .text(&format!("members.{member}.name"))
                    .unwrap_or_else(|| member.clone())
            }
            _ => value.to_display(),
        }
    }
}

/// A field's name; its path where this build has no name for it.
pub(crate) fn label(kind: RecordKind, pattern: &str, language: Language) -> String {
    let id = field_message_id(kind, pattern);
    find_message(language, &id, &[]).unwrap_or_else(|| pattern.to_owned())
}

/// A choice in words; the code where this build has no words for it.
pub(crate) fn choice(kind: RecordKind, pattern: &str, code: &str, language: Language) -> String {
    if code.is_empty() {
        return String::new();
    }
    let id = choice_message_id(kind, pattern, code);
    find_message(language, &id, &[]).unwrap_or_else(|| code.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use wangge_model::{ActorId, Timestamp, document::FieldEdit};

    fn sample() -> RecordDocument {
        let mut document = RecordDocument::new(RecordKind::Household);
        let set = |path: &str, text: &str| {
            FieldEdit::set(FieldPath::new(path).unwrap(), FieldValue::text(text))
        };
        document
            .edit(
                &[
                    set("ledger", "tenant"),
                    set("members.m.name", "王小明"),
                    set("members.m.citizen_id", "370102189912319991"),
                    set("labels.l.group", "solo_elder"),
                    set("labels.l.member", "m"),
                ],
                ActorId::from_bytes([1; 16]),
                Timestamp::from_millis(0),
            )
            .unwrap();
        document
    }

    fn shown(path: &str, lifted: Option<&FieldPath>) -> Shown {
        let document = sample();
        let path = FieldPath::new(path).unwrap();
        let value = document.value(&path).unwrap();
        let names = HashMap::new();
        FieldText {
            document: &document,
            language: Language::Chinese,
            shown: lifted,
            names: &names,
        }
        .value(&path, &value)
    }

    #[test]
    fn an_identity_number_is_hidden_until_it_is_asked_for() {
        let path = FieldPath::new("members.m.citizen_id").unwrap();
        let hidden = shown("members.m.citizen_id", None);
        assert_eq!(
            (hidden.text.as_str(), hidden.is_masked),
            ("370102********9991", true)
        );
        let lifted = shown("members.m.citizen_id", Some(&path));
        assert_eq!(
            (lifted.text.as_str(), lifted.is_masked),
            ("370102189912319991", false)
        );
    }

    #[test]
    fn codes_and_references_are_put_into_words() {
        assert_eq!(shown("ledger", None).text, "租房户");
        assert_eq!(shown("labels.l.group", None).text, "独居老人");
        assert_eq!(shown("labels.l.member", None).text, "王小明");
        assert_eq!(shown("members.m.name", None).text, "王小明");
    }

    #[test]
    fn the_history_never_lifts_a_mask() {
        let document = sample();
        let path = FieldPath::new("members.m.citizen_id").unwrap();
        let names = HashMap::new();
        let text = FieldText {
            document: &document,
            language: Language::English,
            shown: Some(&path),
            names: &names,
        };
        assert_eq!(
            text.past_value(&path, &document.value(&path).unwrap()),
            "370102********9991"
        );
        assert_eq!(text.label(&path), "王小明 · Citizen identity number");
    }
}
