//! One line of a division table: its columns, and what can be wrong with it.

use std::borrow::Cow;

use wangge_model::{
    DivisionCode, DivisionCodeError, DivisionLevel, TextError, TextRule,
    message::{Language, message},
};

use super::line::{LONGEST_LINE, LineError, split_fields};

/// Names are at most this many characters; the longest of 2023 has 33.
const NAME: TextRule = TextRule::line(60).required();

/// Why a line is not imported.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RowError {
    /// It cannot be taken apart.
    #[error(transparent)]
    Line(#[from] LineError),
    /// It has too few columns.
    #[error("{found} columns where {expected} are needed")]
    Fields {
        /// Columns found.
        found: usize,
        /// Columns needed.
        expected: usize,
    },
    /// The code is no division code.
    #[error("code {code:?}: {reason}")]
    Code {
        /// The code as written, shortened.
        code: String,
        /// What is wrong with it.
        #[source]
        reason: DivisionCodeError,
    },
    /// The name cannot be stored.
    #[error("name: {0}")]
    Name(#[source] TextError),
    /// The name is the code once more: a column was taken for another. Stored,
    /// it would take a name away that an earlier table gave.
    #[error("the name of {code} is its code")]
    NameIsCode {
        /// The code.
        code: String,
    },
    /// A parent column names another place than the code does.
    #[error("parent {found} does not fit code {code}")]
    ParentMismatch {
        /// The code.
        code: String,
        /// What the parent column says.
        found: String,
    },
    /// The place it lies in does not exist.
    #[error("no parent {parent}")]
    ParentUnknown {
        /// Code of the parent.
        parent: String,
    },
    /// The code was there before.
    #[error("code {code} was given in {place}")]
    Duplicate {
        /// The code.
        code: String,
        /// File and line of the first.
        place: String,
    },
}

impl RowError {
    /// The reason in words.
    pub fn text(&self, language: Language) -> String {
        let say = |id: &str, arguments: &[(&str, &str)]| message(language, id, arguments);
        let reason = |code: &str, arguments: Vec<(&'static str, String)>| {
            let arguments: Vec<_> = arguments
                .iter()
                .map(|(name, value)| (*name, value.as_str()))
                .collect();
            say(&code.replace('_', "-"), &arguments)
        };
        match self {
            Self::Line(LineError::TooLong) => say(
                "import-line-too-long",
                &[("limit", &LONGEST_LINE.to_string())],
            ),
            Self::Line(LineError::Utf8) => say("import-line-utf8", &[]),
            Self::Line(LineError::Quote) => say("import-line-quote", &[]),
            Self::Fields { found, expected } => say(
                "import-line-fields",
                &[
                    ("found", &found.to_string()),
                    ("expected", &expected.to_string()),
                ],
            ),
            Self::Code {
                code,
                reason: error,
            } => say(
                "import-line-code",
                &[
                    ("code", code),
                    ("reason", &reason(error.code(), error.arguments())),
                ],
            ),
            Self::Name(error) => say(
                "import-line-name",
                &[("reason", &reason(error.code(), error.arguments()))],
            ),
            Self::NameIsCode { code } => say("import-line-name-is-code", &[("code", code)]),
            Self::ParentMismatch { code, found } => say(
                "import-line-parent-mismatch",
                &[("code", code), ("found", found)],
            ),
            Self::ParentUnknown { parent } => {
                say("import-line-parent-unknown", &[("parent", parent)])
            }
            Self::Duplicate { code, place } => {
                say("import-line-duplicate", &[("code", code), ("place", place)])
            }
        }
    }
}

/// Where the columns of a file are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Columns {
    code: usize,
    name: usize,
    /// Columns with the code of a wider division.
    wider: Vec<(DivisionLevel, usize)>,
}

impl Columns {
    /// Reads the first line; `None` when `code` or `name` is not among it.
    pub(super) fn read(line: &str) -> Option<Self> {
        let fields = split_fields(line).ok()?;
        let find = |name: &str| fields.iter().position(|field| field.trim() == name);
        let wider = [
            (DivisionLevel::Province, "provinceCode"),
            (DivisionLevel::Prefecture, "cityCode"),
            (DivisionLevel::County, "areaCode"),
            (DivisionLevel::Street, "streetCode"),
        ];
        Some(Self {
            code: find("code")?,
            name: find("name")?,
            wider: wider
                .into_iter()
                .filter_map(|(level, name)| Some((level, find(name)?)))
                .collect(),
        })
    }

    fn count(&self) -> usize {
        1 + self
            .wider
            .iter()
            .map(|(_, at)| *at)
            .fold(self.code.max(self.name), usize::max)
    }
}

/// One division as a line gives it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct DivisionRow {
    /// 2 to 12 digits.
    pub(super) code: String,
    /// What the number of digits says.
    pub(super) level: DivisionLevel,
    /// Normalised name.
    pub(super) name: String,
    /// Whether it stands in for a division without parts, see
    /// [`Self::read`].
    pub(super) stands_in: bool,
}

impl DivisionRow {
    /// Reads and checks one line as far as it can be checked alone.
    ///
    /// The bureau lists a county whose parts it does not publish with one
    /// street and one village of the same name and the number 000. Such a code
    /// is let through here and marked; whoever knows the parent's name decides.
    pub(super) fn read(line: &str, columns: &Columns) -> Result<Self, RowError> {
        let fields = split_fields(line)?;
        let expected = columns.count();
        if fields.len() < expected {
            return Err(RowError::Fields {
                found: fields.len(),
                expected,
            });
        }
        let field = |at: usize| {
            fields
                .get(at)
                .map_or("", |field: &Cow<'_, str>| field.trim())
        };
        let code = field(columns.code);
        let (level, stands_in) = match DivisionCode::parse(code) {
            Ok(code) => (code.level(), false),
            Err(reason) => {
                let level = DivisionLevel::from_digits(code.len());
                let (DivisionCodeError::ZeroPart { .. }, Some(level)) = (&reason, level) else {
                    let code = code.chars().take(32).collect();
                    return Err(RowError::Code { code, reason });
                };
                (level, true)
            }
        };
        for (wider, at) in &columns.wider {
            let found = field(*at);
            let fits = match code.get(..wider.digits()) {
                // A column for this level or a narrower one says nothing.
                _ if *wider >= level => continue,
                Some(prefix) => found == prefix,
                None => false,
            };
            if !found.is_empty() && !fits {
                return Err(RowError::ParentMismatch {
                    code: code.to_owned(),
                    found: found.chars().take(32).collect(),
                });
            }
        }
        let name = NAME.apply(field(columns.name)).map_err(RowError::Name)?;
        if name == code {
            return Err(RowError::NameIsCode { code: name });
        }
        Ok(Self {
            code: code.to_owned(),
            level,
            name,
            stands_in,
        })
    }

    /// The error a stand-in gets when it stands in for nothing.
    pub(super) fn zero_part(&self) -> RowError {
        match DivisionCode::parse(&self.code) {
            Err(reason) => RowError::Code {
                code: self.code.clone(),
                reason,
            },
            Ok(_) => RowError::ParentUnknown {
                parent: self.code.clone(),
            },
        }
    }
}

/// Message id of a level's name.
pub(super) fn level_word(level: DivisionLevel) -> &'static str {
    match level {
        DivisionLevel::Province => "province",
        DivisionLevel::Prefecture => "prefecture",
        DivisionLevel::County => "county",
        DivisionLevel::Street => "street",
        DivisionLevel::Village => "community",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn columns() -> Columns {
        Columns::read("code,name,streetCode,provinceCode,cityCode,areaCode").unwrap()
    }

    #[test]
    fn a_line_of_the_village_table_is_read() {
        let line = "370102002008,\"千佛山社区居民委员会\",370102002,37,3701,370102";
        let row = DivisionRow::read(line, &columns()).unwrap();
        assert_eq!(row.code, "370102002008");
        assert_eq!(row.level, DivisionLevel::Village);
        assert_eq!(row.name, "千佛山社区居民委员会");
        assert!(!row.stands_in);
    }

    #[test]
    fn columns_are_found_by_name() {
        assert_eq!(Columns::read("name,code").unwrap().count(), 2);
        assert_eq!(columns().count(), 6);
        assert_eq!(Columns::read("代码,名称"), None);
    }

    #[test]
    fn each_mistake_is_named() {
        let read = |line| DivisionRow::read(line, &columns()).unwrap_err();
        let long = format!("370102002008,{},370102002,37,3701,370102", "长".repeat(61));
        let errors = [
            read("370102002008"),
            read("37010200200,x,370102002,37,3701,370102"),
            read("37010200200A,x,370102002,37,3701,370102"),
            read("990102002008,x,990102002,99,9901,990102"),
            read("370102002008,,370102002,37,3701,370102"),
            read("370102002008,\"x,370102002,37,3701,370102"),
            read("370102002008,x,370102003,37,3701,370102"),
            read("370102002008,x,370102002,36,3701,370102"),
            read(&long),
        ];
        assert_eq!(
            errors[0],
            RowError::Fields {
                found: 1,
                expected: 6
            }
        );
        assert!(matches!(errors[3], RowError::Code { .. }));
        assert!(matches!(errors[4], RowError::Name(TextError::Empty)));
        assert!(matches!(errors[6], RowError::ParentMismatch { .. }));
        assert!(matches!(errors[7], RowError::ParentMismatch { .. }));
        for error in errors {
            for language in Language::ALL {
                let text = error.text(language);
                assert!(
                    !text.starts_with("import-") && !text.contains('{'),
                    "{text}"
                );
            }
        }
    }

    #[test]
    fn a_number_of_zeros_is_marked() {
        let row = DivisionRow::read("350527000000,金门县,350527000,35,3505,350527", &columns());
        assert!(row.unwrap().stands_in);
    }
}
