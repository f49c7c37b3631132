//! The form for one record: what is asked, what for, and what is wrong with
//! what stands there. Pure: the same lists, fields and day give the same form
//! on a phone and in the console.

use chrono::NaiveDate;

use super::{Ask, CollectionLists, ExtraField, ExtraType, Texts};
use crate::{
    FieldPath, FieldValue, RecordKind,
    document::{
        Fields,
        schema::{self, EXTRA, FieldError, FieldOwner, FieldSpec},
    },
    message::{Language, field_error_message, field_message_id, find_message, message, message_id},
    record_problem::{RecordProblemCode, record_problems},
};

/// A form.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Form {
    /// What is shown, in order. Fields of entries come entry by entry.
    pub items: Vec<FormItem>,
}

/// One field of a form.
#[derive(Debug, Clone, PartialEq)]
pub struct FormItem {
    /// Where its value lies.
    pub path: FieldPath,
    /// What it is.
    pub kind: FormItemKind,
    /// Its name.
    pub label: Texts,
    /// Whether it is pointed out while it is empty.
    pub is_required: bool,
    /// Whether it is shown only because it has a value: it is not to be asked.
    pub is_leftover: bool,
    /// What it is collected for; empty for a leftover of an unknown field.
    pub purpose: Texts,
    /// The law, rule or notice that allows it.
    pub basis: String,
    /// What is wrong with what stands there, the first thing only.
    pub problem: Option<FormProblem>,
}

/// What a field of a form is.
#[derive(Debug, Clone, PartialEq)]
pub enum FormItemKind {
    /// Built in.
    BuiltIn(&'static FieldSpec),
    /// Added by a list.
    Extra(Box<ExtraField>),
}

/// What is wrong with what stands in a field.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum FormProblem {
    /// It is empty and must not be.
    Missing,
    /// Too few characters.
    TooShort {
        /// The fewest.
        min: usize,
    },
    /// A day before or after the bounds.
    DayOutside {
        /// The earliest; empty for any.
        earliest: String,
        /// The latest; empty for any.
        latest: String,
    },
    /// A number that must be whole.
    NotWhole,
    /// A value that does not fit the field.
    Field(FieldError),
    /// It does not fit other fields.
    Record(RecordProblemCode),
}

impl FormProblem {
    /// Stable code.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Missing => "missing",
            Self::TooShort { .. } => "too_short",
            Self::DayOutside { .. } => "day_outside",
            Self::NotWhole => "not_whole",
            Self::Field(error) => error.code(),
            Self::Record(code) => code.as_str(),
        }
    }

    /// What to tell a person: what is wrong, and what to do.
    pub fn message(&self, language: Language) -> String {
        let text = |id: &str, arguments: &[(&str, &str)]| message(language, id, arguments);
        match self {
            Self::Missing => text("form-missing", &[]),
            Self::TooShort { min } => text("form-too-short", &[("min", &min.to_string())]),
            Self::DayOutside { earliest, latest } => text(
                "form-day-outside",
                &[("earliest", earliest), ("latest", latest)],
            ),
            Self::NotWhole => text("form-not-whole", &[]),
            Self::Field(error) => field_error_message(language, error),
            Self::Record(code) => text(&message_id("record-problem", code.as_str()), &[]),
        }
    }
}

/// The form of a record of this kind in a grid with this code.
pub fn evaluate(
    lists: &CollectionLists,
    kind: RecordKind,
    grid_code: &str,
    fields: &Fields,
    today: NaiveDate,
) -> Form {
    let mut builder = Builder {
        lists,
        kind,
        grid_code,
        fields,
        today,
        items: Vec::new(),
    };
    builder.build();
    let mut items = builder.items;
    for problem in record_problems(kind, fields, today) {
        let item = items.iter_mut().find(|item| item.path == problem.path);
        if let Some(item) = item {
            item.problem
                .get_or_insert(FormProblem::Record(problem.code));
        }
    }
    Form { items }
}

impl Form {
    /// The fields with something wrong.
    pub fn problems(&self) -> impl Iterator<Item = (&FormItem, &FormProblem)> {
        self.items
            .iter()
            .filter_map(|item| Some((item, item.problem.as_ref()?)))
    }
}

struct Builder<'f> {
    lists: &'f CollectionLists,
    kind: RecordKind,
    grid_code: &'f str,
    fields: &'f Fields,
    today: NaiveDate,
    items: Vec<FormItem>,
}

impl Builder<'_> {
    /// Built-in fields in the order of the schema, those of a collection entry
    /// by entry; after each collection, or at the end, what lists add.
    fn build(&mut self) {
        let specs = schema::fields(self.kind);
        let lists = self.lists;
        let extra = lists.extra_fields(self.kind, self.grid_code);
        let mut done: Vec<&str> = Vec::new();
        for spec in specs.iter().filter(|spec| spec.owner == FieldOwner::People) {
            let Some((collection, _)) = spec.path.split_once(".*.") else {
                self.built_in(spec, None);
                continue;
            };
            if done.contains(&collection) {
                continue;
            }
            done.push(collection);
            let start = format!("{collection}.*.");
            let own: Vec<&'static FieldSpec> = specs
                .iter()
                .filter(|spec| spec.path.starts_with(&start))
                .collect();
            let mut entries = self.fields.entries(collection);
            entries.sort_unstable();
            for entry in entries {
                for spec in &own {
                    self.built_in(spec, Some(entry));
                }
                let added = extra
                    .iter()
                    .filter(|field| field.of.as_deref() == Some(collection));
                for field in added {
                    self.extra(field, Some(entry));
                }
            }
        }
        for field in extra.iter().filter(|field| field.of.is_none()) {
            self.extra(field, None);
        }
    }

    fn holds(&self, when: Option<&super::Condition>, entry: Option<&str>) -> bool {
        when.is_none_or(|when| when.holds(self.fields, entry, self.today))
    }

    fn built_in(&mut self, spec: &'static FieldSpec, entry: Option<&str>) {
        let Ok(path) = FieldPath::new(spec.path.replace('*', entry.unwrap_or("*"))) else {
            return;
        };
        let lists = self.lists;
        let rule = lists.rule(self.kind, spec.path, self.grid_code);
        let is_open = rule.is_none_or(|rule| self.holds(rule.when.as_ref(), entry));
        let ask = match rule.map_or(Ask::Asked, |rule| rule.ask) {
            _ if !is_open => Ask::Hidden,
            ask => ask,
        };
        let value = self.fields.value(path.as_str());
        let problem = value.and_then(|value| spec.check(value).err().map(FormProblem::Field));
        self.push(FormItem {
            label: built_in_label(self.kind, spec),
            kind: FormItemKind::BuiltIn(spec),
            is_required: ask == Ask::Required,
            is_leftover: ask == Ask::Hidden,
            purpose: rule.map(|rule| rule.purpose.clone()).unwrap_or_default(),
            basis: rule.map(|rule| rule.basis.clone()).unwrap_or_default(),
            problem,
            path,
        });
    }

    fn extra(&mut self, field: &ExtraField, entry: Option<&str>) {
        let path = match entry {
            None => format!("{EXTRA}.{}", field.name),
            Some(entry) => format!("{EXTRA}.{entry}.{}", field.name),
        };
        let Ok(path) = FieldPath::new(path) else {
            return;
        };
        let is_known = field.value != ExtraType::Unknown;
        let ask = if is_known && self.holds(field.when.as_ref(), entry) {
            field.ask
        } else {
            Ask::Hidden
        };
        let value = self.fields.value(path.as_str());
        self.push(FormItem {
            problem: value.and_then(|value| check_extra(&field.value, value, self.today)),
            label: field.label.clone(),
            kind: FormItemKind::Extra(Box::new(field.clone())),
            is_required: ask == Ask::Required,
            is_leftover: ask == Ask::Hidden,
            purpose: field.purpose.clone(),
            basis: field.basis.clone(),
            path,
        });
    }

    fn push(&mut self, mut item: FormItem) {
        let is_empty = self.fields.value(item.path.as_str()).is_none();
        if item.is_leftover && is_empty {
            return;
        }
        if item.is_required && is_empty {
            item.problem = Some(FormProblem::Missing);
        }
        self.items.push(item);
    }
}

/// The name of a built-in field.
fn built_in_label(kind: RecordKind, spec: &FieldSpec) -> Texts {
    let id = field_message_id(kind, spec.path);
    let text = |language| find_message(language, &id, &[]).unwrap_or_else(|| spec.path.to_owned());
    Texts {
        zh: text(Language::Chinese),
        en: text(Language::English),
    }
}

/// What is wrong with a value of an added field.
fn check_extra(kind: &ExtraType, value: &FieldValue, today: NaiveDate) -> Option<FormProblem> {
    let wrong_type = Some(FormProblem::Field(FieldError::WrongType));
    match (kind, value) {
        (ExtraType::Text { min, max, .. }, FieldValue::Text(text)) => {
            let count = text.chars().count();
            if count > *max {
                Some(FormProblem::Field(FieldError::TooLong { max: *max }))
            } else {
                (count < *min).then_some(FormProblem::TooShort { min: *min })
            }
        }
        (ExtraType::Number { min, max, whole }, value) => match value.as_number() {
            None => wrong_type,
            Some(number) if !(*min..=*max).contains(&number) => {
                Some(FormProblem::Field(FieldError::OutOfRange {
                    min: whole_bound(*min),
                    max: whole_bound(*max),
                }))
            }
            Some(number) => (*whole && number.fract() != 0.0).then_some(FormProblem::NotWhole),
        },
        (
            ExtraType::Date {
                earliest,
                latest,
                future,
            },
            FieldValue::Text(text),
        ) => check_day(text, earliest.as_deref(), latest.as_deref(), *future, today),
        (ExtraType::Choice { choices }, FieldValue::Text(code)) => {
            let is_one = choices.iter().any(|choice| choice.code == *code);
            (!is_one).then_some(FormProblem::Field(FieldError::NotAChoice))
        }
        (ExtraType::Choices { choices }, FieldValue::Text(codes)) => {
            let is_one = |code: &str| choices.iter().any(|choice| choice.code == code);
            let are = codes.split(',').all(is_one);
            (!are).then_some(FormProblem::Field(FieldError::NotAChoice))
        }
        (ExtraType::Flag, FieldValue::Flag(_)) | (ExtraType::Unknown, _) => None,
        _ => wrong_type,
    }
}

/// Bounds in words are whole numbers.
#[expect(
    clippy::cast_possible_truncation,
    reason = "a bound beyond 2^63 is shown as the largest number there is"
)]
fn whole_bound(bound: f64) -> i64 {
    bound as i64
}

fn check_day(
    text: &str,
    earliest: Option<&str>,
    latest: Option<&str>,
    future: bool,
    today: NaiveDate,
) -> Option<FormProblem> {
    let is_day = text
        .parse::<NaiveDate>()
        .is_ok_and(|day| day.format("%Y-%m-%d").to_string() == text);
    if !is_day {
        return Some(FormProblem::Field(FieldError::NotADate));
    }
    let today = today.format("%Y-%m-%d").to_string();
    let last = match (latest, future) {
        (Some(latest), true) => Some(latest.to_owned()),
        (None, true) => None,
        (Some(latest), false) => Some(latest.min(today.as_str()).to_owned()),
        (None, false) => Some(today),
    };
    let is_within = earliest.is_none_or(|earliest| earliest <= text)
        && last.as_deref().is_none_or(|last| text <= last);
    (!is_within).then(|| FormProblem::DayOutside {
        earliest: earliest.unwrap_or_default().to_owned(),
        latest: last.unwrap_or_default(),
    })
}
