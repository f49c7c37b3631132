//! The form of a record: which fields its place collects (采集清单), what for,
//! and what is wrong with what stands in them.

use wangge_model::{
    FieldPath, GridId, RecordId, RecordKind,
    collection::{ExtraChoice, ExtraField, ExtraType, FormItemKind, FormProblem},
    message::Language,
};

use crate::{
    AppError, Core,
    schema::{Choice, FieldSpec, FieldType, Texts, field_spec},
    value::{FieldEdit, to_core},
};

/// One field of a form.
#[derive(Debug, Clone, PartialEq, Eq, uniffi::Record)]
pub struct FormItem {
    /// Where its value lies.
    pub path: FieldPath,
    /// What it is; its `path` is a pattern.
    pub spec: FieldSpec,
    /// Several of the choices, stored as codes in order with commas between.
    pub takes_several: bool,
    /// A sentence of help, if it has one.
    pub help: Option<Texts>,
    /// Whether it is pointed out while it is empty.
    pub is_required: bool,
    /// Whether it is shown only because it has a value: it is not to be asked.
    pub is_leftover: bool,
    /// What it is collected for.
    pub purpose: Texts,
    /// The law, rule or notice that allows it.
    pub basis: String,
    /// What is wrong with what stands there.
    pub problem: Option<FormProblemText>,
}

/// What is wrong, and what to do.
#[derive(Debug, Clone, PartialEq, Eq, uniffi::Record)]
pub struct FormProblemText {
    /// Stable code.
    pub code: String,
    /// What to tell.
    pub text: Texts,
}

#[uniffi::export(async_runtime = "tokio")]
impl Core {
    /// The form of a new record in `grid`, or of `record`, with what was typed
    /// so far. It points out what is missing or does not fit; nothing is refused
    /// for it.
    pub async fn form(
        &self,
        kind: RecordKind,
        grid: GridId,
        record: Option<RecordId>,
        edits: Vec<FieldEdit>,
    ) -> Result<Vec<FormItem>, AppError> {
        let edits = to_core(edits);
        let form = self
            .run(move |core| core.form(kind, grid, record, &edits))
            .await?;
        Ok(form
            .items
            .into_iter()
            .map(|item| form_item(kind, item))
            .collect())
    }
}

fn form_item(kind: RecordKind, item: wangge_model::collection::FormItem) -> FormItem {
    let (spec, takes_several, help) = match item.kind {
        FormItemKind::BuiltIn(spec) => (field_spec(kind, spec), false, None),
        FormItemKind::Extra(field) => {
            let several = matches!(field.value, ExtraType::Choices { .. });
            let help = field.help.clone().map(Texts::from);
            (extra_spec(&item.path, *field), several, help)
        }
    };
    FormItem {
        path: item.path,
        spec,
        takes_several,
        help,
        is_required: item.is_required,
        is_leftover: item.is_leftover,
        purpose: item.purpose.into(),
        basis: item.basis,
        problem: item.problem.as_ref().map(problem_text),
    }
}

fn problem_text(problem: &FormProblem) -> FormProblemText {
    FormProblemText {
        code: problem.code().to_owned(),
        text: Texts {
            zh: problem.message(Language::Chinese),
            en: problem.message(Language::English),
        },
    }
}

fn extra_spec(path: &FieldPath, field: ExtraField) -> FieldSpec {
    FieldSpec {
        path: path.pattern().into_owned(),
        label: field.label.into(),
        field_type: extra_type(field.value),
        masking: None,
        owner: wangge_model::document::schema::FieldOwner::People,
    }
}

#[expect(
    clippy::cast_possible_truncation,
    reason = "bounds beyond what fits are shown as the largest there are"
)]
fn extra_type(value: ExtraType) -> FieldType {
    let characters = |max: usize| u32::try_from(max).unwrap_or(u32::MAX);
    match value {
        ExtraType::Text {
            max, lines: true, ..
        } => FieldType::Paragraph {
            max_characters: characters(max),
        },
        ExtraType::Text { max, .. } => FieldType::Line {
            max_characters: characters(max),
        },
        ExtraType::Number {
            min,
            max,
            whole: true,
        } => FieldType::Integer {
            min: min as i64,
            max: max as i64,
        },
        ExtraType::Number { min, max, .. } => FieldType::Number {
            min: min as i32,
            max: max as i32,
        },
        ExtraType::Date { .. } => FieldType::Date,
        ExtraType::Choice { choices } | ExtraType::Choices { choices } => FieldType::Choice {
            choices: choices.into_iter().map(Choice::from).collect(),
        },
        ExtraType::Flag => FieldType::Flag,
        // Only shown where it has a value, as text.
        ExtraType::Unknown => FieldType::Paragraph {
            max_characters: u32::MAX,
        },
    }
}

impl From<ExtraChoice> for Choice {
    fn from(choice: ExtraChoice) -> Self {
        Self {
            code: choice.code,
            label: choice.label.into(),
        }
    }
}

impl From<wangge_model::collection::Texts> for Texts {
    fn from(texts: wangge_model::collection::Texts) -> Self {
        Self {
            zh: texts.zh,
            en: texts.en,
        }
    }
}

#[cfg(test)]
mod tests {
    use wangge_model::{
        collection::{CollectionList, CollectionLists, evaluate},
        document::Fields,
    };

    use super::*;

    #[test]
    fn built_in_and_added_fields_carry_label_type_purpose_and_problem() {
        let list = CollectionList::from_json(
            r#"{"id": "x", "title": {"zh": "表", "en": "List"}, "extra": [
                {"name": "fuel", "kind": "place", "type": "choices", "ask": "required",
                 "choices": [{"code": "gas", "label": {"zh": "燃气", "en": "Gas"}}],
                 "label": {"zh": "燃料", "en": "Fuel"}, "help": {"zh": "可多选", "en": "Any"},
                 "purpose": {"zh": "治理", "en": "Air"}, "basis": "办法"}]}"#,
        )
        .unwrap();
        let lists = CollectionLists::over_built_in(vec![list]);
        let today = "1910-01-01".parse().unwrap();
        let form = evaluate(&lists, RecordKind::Place, "", &Fields::default(), today);
        let items: Vec<FormItem> = form
            .items
            .into_iter()
            .map(|item| form_item(RecordKind::Place, item))
            .collect();
        let find = |path: &str| {
            items
                .iter()
                .find(|item| item.path.as_str() == path)
                .unwrap()
        };
        let name = find("name");
        assert_eq!(name.spec.label.zh, "名称");
        assert_eq!(name.problem.as_ref().unwrap().code, "missing");
        assert!(!name.purpose.zh.is_empty() && !name.basis.is_empty());
        let fuel = find("extra.fuel");
        assert!(fuel.takes_several && fuel.is_required);
        assert_eq!(fuel.help.as_ref().unwrap().en, "Any");
        let FieldType::Choice { choices } = &fuel.spec.field_type else {
            panic!("{fuel:?}")
        };
        assert_eq!(choices[0].label.zh, "燃气");
    }
}
