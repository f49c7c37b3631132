//! A cell as the value of a field, however an office has written it: full-width
//! digits, numbers stored as text and text stored as numbers, dates in five
//! forms, choices as codes or words.
//!
//! What a cell can only mean one thing by is taken; what has lost something (an
//! identity number kept as a number, 1.38E+10) is refused with its reason, never
//! guessed. Whether a value fits its field is the collection list's word
//! (`FieldSpec::normalise`).

use std::{borrow::Cow, collections::HashMap, sync::OnceLock};

use chrono::{Datelike as _, Days, NaiveDate};
use wangge_model::{
    CitizenId, CitizenIdError, CitizenIdPolicy, FieldValue, PhoneNumber, RecordKind, Timestamp,
    document::schema::{self, FieldError, FieldSpec, FieldType},
    message::{Language, choice_message_id, field_error_message, find_message, message},
    text::to_half_width,
};

use super::{
    sheet::{Cell, CellKind, is_blank},
    synonym::CHOICES,
};

/// What is entered where there is nothing to enter.
const NOTHING: [&str; 10] = ["/", "\\", "-", "--", "—", "——", "无", "暂无", "不详", "n/a"];
/// Digits a workbook's number holds exactly.
const EXACT_DIGITS: usize = 15;
/// Years a date of a ledger lies in.
const YEARS: std::ops::RangeInclusive<i32> = 1850..=2100;

/// Why a cell is not a value of its field.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CellError {
    /// It does not fit the field.
    #[error(transparent)]
    Field(#[from] FieldError),
    /// A formula that failed.
    #[error("a formula that failed")]
    Formula,
    /// Digits were lost: a long number kept as a number, or 1.38E+10.
    #[error("digits were lost")]
    LostDigits,
    /// Several values in one cell of a field that has one.
    #[error("several values")]
    Several,
    /// No day in a date.
    #[error("a date without its day")]
    NoDay,
    /// No such grid in scope.
    #[error("no such grid")]
    UnknownGrid,
    /// Several grids of this name.
    #[error("several grids have this name")]
    AmbiguousGrid,
    /// No grid is given.
    #[error("no grid is given")]
    NoGrid,
    /// Nothing says which household the row is about.
    #[error("no household is given")]
    NoHousehold,
    /// A person without a name.
    #[error("no name is given")]
    NoName,
    /// Another row of the household says otherwise.
    #[error("row {row} says otherwise")]
    Differs {
        /// Number of that row.
        row: u32,
    },
    /// The birth date is not the one in the identity number.
    #[error("not the birth date in the identity number")]
    BirthMismatch,
    /// The sex is not the one in the identity number.
    #[error("not the sex in the identity number")]
    SexMismatch,
    /// The same person a second time, and not said alike.
    #[error("the same person as in row {row}, but not the same")]
    SamePerson {
        /// Number of that row.
        row: u32,
    },
    /// No such record in scope.
    #[error("no such record")]
    UnknownRecord,
    /// A masked value, from a table that was exported with masks.
    #[error("a masked value")]
    Masked,
    /// The household would be larger than a record may be.
    #[error("the household is too large")]
    TooLarge,
}

impl CellError {
    /// Stable name of the error.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Field(error) => error.code(),
            Self::Formula => "cell_formula",
            Self::LostDigits => "cell_lost_digits",
            Self::Several => "cell_several",
            Self::NoDay => "cell_no_day",
            Self::UnknownGrid => "cell_unknown_grid",
            Self::AmbiguousGrid => "cell_ambiguous_grid",
            Self::NoGrid => "cell_no_grid",
            Self::NoHousehold => "cell_no_household",
            Self::NoName => "cell_no_name",
            Self::Differs { .. } => "cell_differs",
            Self::BirthMismatch => "cell_birth_mismatch",
            Self::SexMismatch => "cell_sex_mismatch",
            Self::SamePerson { .. } => "cell_same_person",
            Self::UnknownRecord => "cell_unknown_record",
            Self::Masked => "cell_masked",
            Self::TooLarge => "cell_too_large",
        }
    }

    /// The reason in words, with the next step.
    pub fn text(&self, language: Language) -> String {
        match self {
            Self::Field(error) => field_error_message(language, error),
            Self::Differs { row } | Self::SamePerson { row } => message(
                language,
                &format!("ledger-{}", self.code().replace('_', "-")),
                &[("row", &row.to_string())],
            ),
            _ => message(
                language,
                &format!("ledger-{}", self.code().replace('_', "-")),
                &[],
            ),
        }
    }
}

/// What is the same for every cell.
#[derive(Debug, Clone, Copy)]
pub struct Reading {
    /// Today where the ledger is imported.
    pub today: NaiveDate,
    /// Which identity numbers are taken.
    pub policy: CitizenIdPolicy,
    /// Dates in the workbook count from 1904.
    pub is_1904: bool,
}

impl Reading {
    /// The value a cell stands for; `None` if it stands for nothing.
    pub fn value(&self, cell: Cell<'_>, spec: &FieldSpec) -> Result<Option<FieldValue>, CellError> {
        if cell.kind == CellKind::Error {
            return Err(CellError::Formula);
        }
        let text = clean(cell.text);
        if text.is_empty() || is_nothing(text, spec) {
            return Ok(None);
        }
        if spec.masking.is_some() && text.contains('*') {
            return Err(CellError::Masked);
        }
        let value = match spec.kind {
            FieldType::Choice(codes) => FieldValue::Text(choice(text, spec.path, codes)?),
            FieldType::Integer(..) => FieldValue::Integer(integer(text)?),
            FieldType::Number(..) => FieldValue::Number(number(text)?),
            FieldType::Flag => FieldValue::Flag(flag(text)?),
            FieldType::Date => FieldValue::Text(self.date(text, cell.kind)?),
            FieldType::Time => self.time(text, cell.kind)?,
            FieldType::PhoneNumber => FieldValue::Text(phone(text, cell.kind)?),
            FieldType::CitizenId => FieldValue::Text(self.citizen_id(text, cell.kind)?),
            FieldType::Line(_) => FieldValue::Text(line(text, spec.path)),
            FieldType::CreditCode | FieldType::PermitNumber | FieldType::Code(_) => {
                FieldValue::Text(to_half_width(&exact_digits(text, cell.kind)?))
            }
            FieldType::Paragraph(_)
            | FieldType::SharedText(_)
            | FieldType::RecordReference
            | FieldType::Sha256
            | FieldType::Extra(_) => FieldValue::Text(text.to_owned()),
        };
        Ok(Some(spec.normalise(value, self.today, self.policy)?))
    }

    fn date(self, text: &str, kind: CellKind) -> Result<String, CellError> {
        let not_a_date = CellError::Field(FieldError::NotADate);
        if kind == CellKind::Number
            && let Ok(serial) = text.parse::<f64>()
            && serial < 1e6
        {
            let date = self.date_of_serial(serial).ok_or(not_a_date)?;
            return Ok(date.format("%Y-%m-%d").to_string());
        }
        let text = to_half_width(text);
        // A time of day that follows is nothing a date needs.
        let text = text.split([' ', 'T']).next().unwrap_or_default();
        let parts: Vec<&str> = text
            .split(|c: char| !c.is_ascii_digit())
            .filter(|part| !part.is_empty())
            .collect();
        let signs: String = text.chars().filter(|c| !c.is_ascii_digit()).collect();
        let known = ["", "--", "//", "..", "年月日", "年月", "-", "/", ".", "年"];
        if !known.contains(&signs.as_str()) {
            return Err(not_a_date);
        }
        let (year, month, day) = match parts.as_slice() {
            [whole] if whole.len() == 8 && signs.is_empty() => {
                let part = |from, to| whole.get(from..to).unwrap_or_default();
                (part(0, 4), part(4, 6), part(6, 8))
            }
            [year, month, day] => (*year, *month, *day),
            [_, _] | [_] if matches!(signs.as_str(), "-" | "/" | "." | "年月" | "年") => {
                return Err(CellError::NoDay);
            }
            [whole] if whole.len() == 6 && signs.is_empty() => return Err(CellError::NoDay),
            _ => return Err(not_a_date),
        };
        if year.len() != 4 || month.len() > 2 || day.len() > 2 {
            return Err(not_a_date);
        }
        let date = year
            .parse()
            .ok()
            .zip(month.parse().ok().zip(day.parse().ok()))
            .and_then(|(year, (month, day))| NaiveDate::from_ymd_opt(year, month, day))
            .filter(|date| YEARS.contains(&date.year()))
            .ok_or(not_a_date)?;
        Ok(date.format("%Y-%m-%d").to_string())
    }

    /// The day a workbook's number stands for. It counts a 29 February 1900
    /// that never was.
    fn date_of_serial(self, serial: f64) -> Option<NaiveDate> {
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "checked right before"
        )]
        let days = if (1.0..1e6).contains(&serial) {
            serial.floor() as u64
        } else {
            return None;
        };
        let (start, days) = if self.is_1904 {
            (NaiveDate::from_ymd_opt(1904, 1, 1)?, days)
        } else if days < 60 {
            (NaiveDate::from_ymd_opt(1899, 12, 31)?, days)
        } else {
            (NaiveDate::from_ymd_opt(1899, 12, 30)?, days)
        };
        start
            .checked_add_days(Days::new(days))
            .filter(|date| YEARS.contains(&date.year()))
    }

    /// Midnight in China of the day.
    fn time(self, text: &str, kind: CellKind) -> Result<FieldValue, CellError> {
        const CHINA_OFFSET_MS: i64 = 8 * 3_600_000;
        let date = self.date(text, kind)?;
        let day = NaiveDate::parse_from_str(&date, "%Y-%m-%d")
            .ok()
            .and_then(|date| date.and_hms_opt(0, 0, 0))
            .ok_or(FieldError::NotADate)?;
        let millis = day.and_utc().timestamp_millis() - CHINA_OFFSET_MS;
        Ok(FieldValue::Time(Timestamp::from_millis(millis)))
    }

    fn citizen_id(self, text: &str, kind: CellKind) -> Result<String, CellError> {
        let digits = exact_digits(text, kind)?;
        let number: String = to_half_width(&digits)
            .chars()
            .filter(|c| !c.is_whitespace() && *c != '-')
            .collect();
        match CitizenId::parse(&number, self.today, self.policy) {
            Ok(id) => Ok(id.as_str().to_owned()),
            // An old number says the same as the new one it becomes.
            Err(CitizenIdError::OldNumber { converted }) => Ok(converted.as_str().to_owned()),
            Err(error) => Err(FieldError::NotACitizenId(error.code().to_owned()).into()),
        }
    }
}

/// Whether a text stands for nothing.
fn is_nothing(text: &str, spec: &FieldSpec) -> bool {
    let lower = text.to_lowercase();
    if !NOTHING.contains(&lower.as_str()) {
        return false;
    }
    match spec.kind {
        // 无 may be a choice, as of hazards; a bar never is.
        FieldType::Choice(codes) => choice(text, spec.path, codes).is_err(),
        FieldType::Flag => flag(text).is_err(),
        _ => true,
    }
}

/// A cell's text without what surrounds it: spaces of every kind and the mark by
/// which a workbook keeps digits text.
pub(super) fn clean(text: &str) -> &str {
    let text = text.trim_matches(is_blank);
    text.strip_prefix('\'')
        .unwrap_or(text)
        .trim_matches(is_blank)
}

/// One line: digits and letters in their narrow form, names without the spaces
/// that line them up in a column.
fn line(text: &str, path: &str) -> String {
    if path.ends_with("name") {
        return name(text);
    }
    text.chars()
        .map(|character| match character {
            '０'..='９' | 'Ａ'..='Ｚ' | 'ａ'..='ｚ' | '－' | '＃' | '\u{3000}' => {
                to_half_width(&character.to_string())
                    .chars()
                    .next()
                    .unwrap_or(character)
            }
            other => other,
        })
        .collect()
}

fn name(text: &str) -> String {
    let text: String = text
        .chars()
        .map(|character| match character {
            '•' | '．' | '・' | '‧' | '∙' | '⋅' => '·',
            '\u{3000}' => ' ',
            other => other,
        })
        .collect();
    let has_latin = text.chars().any(|c| c.is_ascii_alphabetic());
    if has_latin {
        text
    } else {
        text.chars().filter(|c| !c.is_whitespace()).collect()
    }
}

/// The digits of a long number, or the error that some are gone.
fn exact_digits(text: &str, kind: CellKind) -> Result<Cow<'_, str>, CellError> {
    let digits = text.chars().filter(char::is_ascii_digit).count();
    match kind {
        CellKind::Number if digits > EXACT_DIGITS => Err(CellError::LostDigits),
        CellKind::Number => Ok(Cow::Borrowed(text.strip_suffix(".0").unwrap_or(text))),
        _ => match scientific(text) {
            Some(whole) => whole.map(Cow::Owned),
            None => Ok(Cow::Borrowed(text)),
        },
    }
}

/// Text such as `1.38E+10`: the number, if every digit of it is there.
fn scientific(text: &str) -> Option<Result<String, CellError>> {
    let (mantissa, exponent) = text.split_once(['e', 'E'])?;
    let exponent: usize = exponent
        .strip_prefix('+')
        .unwrap_or(exponent)
        .parse()
        .ok()?;
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let is_number = whole.len() == 1
        && whole
            .bytes()
            .chain(fraction.bytes())
            .all(|byte| byte.is_ascii_digit());
    if !is_number || exponent > 30 {
        return None;
    }
    Some(if fraction.len() == exponent {
        Ok(format!("{whole}{fraction}"))
    } else {
        Err(CellError::LostDigits)
    })
}

fn phone(text: &str, kind: CellKind) -> Result<String, CellError> {
    let text = exact_digits(text, kind)?;
    let text = to_half_width(&text);
    let parse = |text: &str| PhoneNumber::parse(text).map(|number| number.as_str().to_owned());
    if let Ok(number) = parse(&text) {
        return Ok(number);
    }
    // A landline kept as a number has lost its zero in front.
    if kind == CellKind::Number
        && let Ok(number) = parse(&format!("0{text}"))
    {
        return Ok(number);
    }
    let several = text
        .split(['/', ',', ';', '、', '，', '；', ' ', '\n'])
        .filter(|part| parse(part).is_ok())
        .count();
    Err(if several > 1 {
        CellError::Several
    } else {
        FieldError::NotAPhoneNumber.into()
    })
}

fn number(text: &str) -> Result<f64, CellError> {
    to_half_width(text)
        .replace(',', "")
        .parse()
        .map_err(|_| FieldError::NotANumber.into())
}

fn integer(text: &str) -> Result<i64, CellError> {
    let text = to_half_width(text).replace(',', "");
    let text = text.strip_suffix(".0").unwrap_or(&text);
    text.parse().map_err(|_| FieldError::NotANumber.into())
}

fn flag(text: &str) -> Result<bool, CellError> {
    match to_half_width(text).to_lowercase().as_str() {
        "是" | "有" | "y" | "yes" | "true" | "1" | "√" | "✓" => Ok(true),
        "否" | "无" | "没有" | "n" | "no" | "false" | "0" | "×" | "✗" => Ok(false),
        _ => Err(FieldError::NotAChoice.into()),
    }
}

/// A choice as it is compared.
fn normalise_choice(text: &str) -> String {
    to_half_width(text)
        .to_lowercase()
        .chars()
        .filter(|c| c.is_alphanumeric())
        .collect()
}

/// Codes by what may be written for them, for each field with choices.
fn known_choices() -> &'static HashMap<&'static str, HashMap<String, &'static str>> {
    static KNOWN: OnceLock<HashMap<&'static str, HashMap<String, &'static str>>> = OnceLock::new();
    KNOWN.get_or_init(|| {
        schema::fields(RecordKind::Household)
            .iter()
            .filter_map(|spec| match spec.kind {
                FieldType::Choice(codes) => Some((spec.path, words_of(spec.path, codes))),
                _ => None,
            })
            .collect()
    })
}

fn words_of(path: &str, codes: &[&'static str]) -> HashMap<String, &'static str> {
    let mut words = HashMap::new();
    for code in codes {
        words.insert(normalise_choice(code), *code);
        for language in Language::ALL {
            let id = choice_message_id(RecordKind::Household, path, code);
            let Some(label) = find_message(language, &id, &[]) else {
                continue;
            };
            words.entry(normalise_choice(&label)).or_insert(code);
            // Code and label in one cell: 01 住宅.
            words
                .entry(normalise_choice(&format!("{code}{label}")))
                .or_insert(code);
        }
    }
    let own = CHOICES.iter().find(|(field, _)| *field == path);
    for (word, code) in own.map(|(_, words)| *words).unwrap_or_default() {
        if let Some(code) = codes.iter().find(|known| *known == code) {
            words.entry(normalise_choice(word)).or_insert(code);
        }
    }
    words
}

/// The code a text stands for.
pub(super) fn choice(text: &str, path: &str, codes: &[&str]) -> Result<String, CellError> {
    if codes.contains(&text) {
        return Ok(text.to_owned());
    }
    let words = known_choices().get(path);
    let normal = normalise_choice(text);
    if normal.is_empty() {
        return Err(FieldError::NotAChoice.into());
    }
    // A code kept as a number has lost its zero in front.
    [normal.clone(), format!("0{normal}")]
        .iter()
        .find_map(|word| words?.get(word))
        .map(|code| (*code).to_owned())
        .ok_or_else(|| FieldError::NotAChoice.into())
}

/// Several choices of one cell.
pub(super) fn choices(text: &str, path: &str, codes: &[&str]) -> Result<Vec<String>, CellError> {
    let mut found = Vec::new();
    for part in clean(text).split(['、', ',', '，', ';', '；', '/', '|', ' ', '\n']) {
        let part = clean(part);
        if part.is_empty() || NOTHING.contains(&part.to_lowercase().as_str()) {
            continue;
        }
        let code = choice(part, path, codes)?;
        if !found.contains(&code) {
            found.push(code);
        }
    }
    Ok(found)
}

#[cfg(test)]
mod tests {
    use wangge_model::{FieldPath, document::schema::find_field};

    use super::*;

    fn reading() -> Reading {
        Reading {
            today: NaiveDate::from_ymd_opt(2026, 3, 1).unwrap(),
            policy: CitizenIdPolicy::Synthetic,
            is_1904: false,
        }
    }

    fn read(path: &str, kind: CellKind, text: &str) -> Result<Option<String>, CellError> {
        let spec = find_field(
            RecordKind::Household,
            &FieldPath::new(path.replace('*', "a")).unwrap(),
        );
        let cell = Cell {
            column: 0,
            kind,
            text,
        };
        let value = reading().value(cell, spec.unwrap())?;
        Ok(value.map(|value| value.to_display()))
    }

    fn text(path: &str, content: &str) -> Result<Option<String>, CellError> {
        read(path, CellKind::Text, content)
    }

    #[test]
    fn a_date_is_read_in_every_form_that_offices_write() {
        let birth = "members.*.birth_date";
        for written in [
            "2026-01-02",
            "2026/1/2",
            "20260102",
            "2026年1月2日",
            "2026.01.02",
            "２０２６年１月２日",
            " 2026-1-2 00:00:00",
            "2026-01-02T08:30",
        ] {
            assert_eq!(
                text(birth, written),
                Ok(Some("2026-01-02".to_owned())),
                "{written}"
            );
        }
        let serial = |number: &str| read(birth, CellKind::Number, number);
        assert_eq!(serial("46024"), Ok(Some("2026-01-02".to_owned())));
        assert_eq!(serial("46024.75"), Ok(Some("2026-01-02".to_owned())));
        assert_eq!(serial("20260102"), Ok(Some("2026-01-02".to_owned())));
        assert_eq!(serial("61"), Ok(Some("1900-03-01".to_owned())));
        assert_eq!(serial("59"), Ok(Some("1900-02-28".to_owned())));
        let shown = read(birth, CellKind::Date, "2026-01-02");
        assert_eq!(shown, Ok(Some("2026-01-02".to_owned())));
        let from_1904 = Reading {
            is_1904: true,
            ..reading()
        };
        assert_eq!(
            from_1904.date("44562", CellKind::Number),
            Ok("2026-01-02".to_owned())
        );
    }

    #[test]
    fn what_is_no_date_is_refused_with_its_reason() {
        let birth = "members.*.birth_date";
        for written in ["1990-05", "1990年5月", "199005", "1990/5"] {
            assert_eq!(text(birth, written), Err(CellError::NoDay), "{written}");
        }
        for written in [
            "2026-02-30",
            "2026年13月1日",
            "02-01-2026",
            "昨天",
            "26-1-2",
            "1026-01-02",
            "2026-1/2",
        ] {
            assert_eq!(
                text(birth, written),
                Err(CellError::Field(FieldError::NotADate)),
                "{written}"
            );
        }
        assert_eq!(text(birth, "/"), Ok(None));
        assert_eq!(text(birth, "不详"), Ok(None));
    }

    #[test]
    fn telephones_survive_workbooks_as_far_as_their_digits_do() {
        let phone = "members.*.phone";
        for (kind, written, expected) in [
            (CellKind::Text, "13800138000", "13800138000"),
            (CellKind::Text, "１３８００１３８０００", "13800138000"),
            (CellKind::Text, "138 0013-8000", "13800138000"),
            (CellKind::Number, "13800138000", "13800138000"),
            (CellKind::Text, "1.3800138000E+10", "13800138000"),
            (CellKind::Number, "53182012345", "053182012345"),
            (CellKind::Text, "0531-82012345", "053182012345"),
            (CellKind::Text, "'13800138000", "13800138000"),
        ] {
            assert_eq!(
                read(phone, kind, written),
                Ok(Some(expected.to_owned())),
                "{written}"
            );
        }
        assert_eq!(text(phone, "1.38E+10"), Err(CellError::LostDigits));
        assert_eq!(
            text(phone, "13800138000/13900139000"),
            Err(CellError::Several)
        );
        assert_eq!(
            text(phone, "53182012345"),
            Err(CellError::Field(FieldError::NotAPhoneNumber)),
            "in text nothing was lost"
        );
        assert_eq!(text(phone, "无"), Ok(None));
    }

    #[test]
    fn identity_numbers_are_converted_or_refused_but_never_guessed() {
        let id = "members.*.citizen_id";
        let ok = |number: &str| Ok(Some(number.to_owned()));
        assert_eq!(text(id, " 11010519491231002x "), ok("11010519491231002X"));
        assert_eq!(text(id, "110105 19491231 002X"), ok("11010519491231002X"));
        assert_eq!(
            text(id, "１１０１０５１９４９１２３１００２Ｘ"),
            ok("11010519491231002X")
        );
        assert_eq!(text(id, "110105491231002"), ok("11010519491231002X"));
        assert_eq!(
            read(id, CellKind::Number, "110105491231002"),
            ok("11010519491231002X")
        );
        assert_eq!(
            read(id, CellKind::Number, "370102189912319991"),
            Err(CellError::LostDigits)
        );
        assert_eq!(text(id, "3.70102E+17"), Err(CellError::LostDigits));
        assert!(matches!(
            text(id, "110105194912310021"),
            Err(CellError::Field(FieldError::NotACitizenId(_)))
        ));
    }

    #[test]
    fn choices_are_known_by_code_label_and_what_offices_say() {
        for (path, written, code) in [
            ("members.*.sex", "男", "1"),
            ("members.*.sex", "2", "2"),
            ("members.*.relation", "妻子", "1"),
            ("members.*.relation", "Spouse", "1"),
            ("dwelling.use", "01 住宅", "01"),
            ("dwelling.use", "1", "01"),
            ("dwelling.hazard", "无", "00"),
            ("ledger", "租户", "tenant"),
            ("ledger", "人户一致", "consistent"),
            ("members.*.population_kind", "流动人口", "02"),
        ] {
            assert_eq!(text(path, written), Ok(Some(code.to_owned())), "{written}");
        }
        assert_eq!(
            text("members.*.sex", "男人"),
            Err(CellError::Field(FieldError::NotAChoice))
        );
        assert_eq!(text("members.*.sex", "/"), Ok(None));
        let codes = schema::CARE_GROUP;
        assert_eq!(
            choices("低保、独居老人，低保", "labels.*.group", codes),
            Ok(vec!["dibao".to_owned(), "solo_elder".to_owned()])
        );
        assert_eq!(choices(" 无 ", "labels.*.group", codes), Ok(Vec::new()));
    }

    #[test]
    fn names_and_addresses_lose_only_what_does_not_belong() {
        let ok = |value: &str| Ok(Some(value.to_owned()));
        assert_eq!(text("members.*.name", "李　雷"), ok("李雷"));
        assert_eq!(
            text("members.*.name", "阿依古丽•买买提"),
            ok("阿依古丽·买买提")
        );
        assert_eq!(text("members.*.name", "John  Smith"), ok("John  Smith"));
        assert_eq!(text("address.building", "３号楼"), ok("3号楼"));
        assert_eq!(text("address.room", "５０１（东）"), ok("501（东）"));
        assert_eq!(
            read("address.room", CellKind::Error, "#N/A"),
            Err(CellError::Formula)
        );
        assert_eq!(
            read("point.longitude", CellKind::Text, "117.031"),
            ok("117.031")
        );
    }

    #[test]
    fn every_word_for_a_choice_names_a_code_of_its_field() {
        for (path, words) in CHOICES {
            let path = FieldPath::new(path.replace('*', "a")).unwrap();
            let spec = find_field(RecordKind::Household, &path).unwrap();
            let FieldType::Choice(codes) = spec.kind else {
                panic!("{path} has no choices");
            };
            for (word, code) in *words {
                assert!(codes.contains(code), "{path}: {word} means {code}");
            }
        }
    }
}
