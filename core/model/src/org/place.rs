//! Where a place may lie and which code and attribute it may have.

use super::{LevelCode, OrgLevel};
use crate::{
    grid_code::{
        DivisionCode, DivisionCodeError, GridAttribute, GridCode, GridCodeError, GridCodeScheme,
        Segment, SegmentName,
    },
    message::{Language, message, message_id},
    text::{TextError, TextRule},
};

/// Codes of places without a scheme, such as an area's, are short.
const FREE_CODE: TextRule = TextRule::line(32).required();

/// A place above another: its level and code.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Above<'a> {
    /// Its level.
    pub level: OrgLevel,
    /// Its code, if it has one.
    pub code: Option<&'a str>,
}

/// Why a place cannot be as asked for; nothing was changed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PlaceError {
    /// Not below its parent, or directly in a place it cannot lie in.
    #[error("a {level} cannot lie in a {parent}")]
    LevelOrder {
        /// The place's level.
        level: OrgLevel,
        /// The level of what it was to lie in.
        parent: OrgLevel,
    },
    /// A grid without a village or community, or a micro-grid without a grid.
    #[error("a {level} lies in a {expected}, and only there")]
    ParentLevel {
        /// The place's level.
        level: OrgLevel,
        /// The only level it may lie in.
        expected: OrgLevel,
    },
    /// A grid without a code.
    #[error("a grid needs a code")]
    GridCodeMissing,
    /// A grid code the scheme does not allow.
    #[error("grid code {code}: {reason}")]
    GridCode {
        /// As given.
        code: String,
        /// Why.
        #[source]
        reason: GridCodeError,
    },
    /// A division code that is none.
    #[error("division code {code}: {reason}")]
    DivisionCode {
        /// The place's level.
        level: OrgLevel,
        /// As given.
        code: String,
        /// Why.
        #[source]
        reason: DivisionCodeError,
    },
    /// A division code of another level.
    #[error("the division code of a {level} has {expected} digits, not {found}")]
    DivisionCodeLevel {
        /// The place's level.
        level: OrgLevel,
        /// Digits needed.
        expected: usize,
        /// Digits given.
        found: usize,
    },
    /// A code that cannot be stored.
    #[error("code: {0}")]
    FreeCode(#[source] TextError),
    /// A code that belongs below another place.
    #[error("code {code} does not belong to {parent}")]
    CodeElsewhere {
        /// As given.
        code: String,
        /// Code of the place above.
        parent: String,
    },
    /// A grid of an area whose code names another area.
    #[error("code {code} names area {found}, the grid lies in area {area}")]
    AreaMismatch {
        /// As given.
        code: String,
        /// The area's code.
        area: String,
        /// The area in the grid's code.
        found: String,
    },
    /// An attribute for something that is no grid.
    #[error("a {level} has no attribute")]
    AttributeNotGrid {
        /// The place's level.
        level: OrgLevel,
    },
    /// An attribute other than the one in the code.
    #[error("code {code} says {}, not {}", in_code.as_str(), given.as_str())]
    AttributeMismatch {
        /// The grid's code.
        code: String,
        /// What the code says.
        in_code: GridAttribute,
        /// What was given.
        given: GridAttribute,
    },
}

impl PlaceError {
    /// Stable name, for interfaces; with `org-` its text in the message files.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::LevelOrder { .. } => "level_order",
            Self::ParentLevel { .. } => "parent_level",
            Self::GridCodeMissing => "grid_code_missing",
            Self::GridCode { .. } => "grid_code",
            Self::DivisionCode { .. } => "division_code",
            Self::DivisionCodeLevel { .. } => "division_code_level",
            Self::FreeCode(_) => "free_code",
            Self::CodeElsewhere { .. } => "code_elsewhere",
            Self::AreaMismatch { .. } => "area_mismatch",
            Self::AttributeNotGrid { .. } => "attribute_not_grid",
            Self::AttributeMismatch { .. } => "attribute_mismatch",
        }
    }

    /// What is wrong and what to do, in words.
    pub fn text(&self, language: Language) -> String {
        let level = |level: OrgLevel| message(language, &level.message_id(), &[]);
        let attribute = |of: GridAttribute| message(language, &of.message_id(), &[]);
        let rule = |code: &str, arguments: &[(&'static str, String)]| {
            let arguments: Vec<(&str, &str)> =
                arguments.iter().map(|(n, v)| (*n, v.as_str())).collect();
            message(language, &code.replace('_', "-"), &arguments)
        };
        let arguments: Vec<(&str, String)> = match self {
            Self::LevelOrder { level: of, parent } => {
                vec![("level", level(*of)), ("parent", level(*parent))]
            }
            Self::ParentLevel {
                level: of,
                expected,
            } => vec![("level", level(*of)), ("expected", level(*expected))],
            Self::GridCodeMissing => Vec::new(),
            Self::GridCode { code, reason } => vec![
                ("code", code.clone()),
                ("reason", rule(reason.code(), &reason.arguments())),
            ],
            Self::DivisionCode {
                level: of,
                code,
                reason,
            } => vec![
                ("level", level(*of)),
                ("code", code.clone()),
                ("reason", rule(reason.code(), &reason.arguments())),
            ],
            Self::DivisionCodeLevel {
                level: of,
                expected,
                found,
            } => vec![
                ("level", level(*of)),
                ("expected", expected.to_string()),
                ("found", found.to_string()),
            ],
            Self::FreeCode(reason) => {
                vec![("reason", rule(reason.code(), &reason.arguments()))]
            }
            Self::CodeElsewhere { code, parent } => {
                vec![("code", code.clone()), ("parent", parent.clone())]
            }
            Self::AreaMismatch { code, area, found } => vec![
                ("code", code.clone()),
                ("area", area.clone()),
                ("found", found.clone()),
            ],
            Self::AttributeNotGrid { level: of } => vec![("level", level(*of))],
            Self::AttributeMismatch {
                code,
                in_code,
                given,
            } => vec![
                ("code", code.clone()),
                ("expected", attribute(*in_code)),
                ("found", attribute(*given)),
            ],
        };
        let arguments: Vec<(&str, &str)> =
            arguments.iter().map(|(n, v)| (*n, v.as_str())).collect();
        message(language, &message_id("org", self.code()), &arguments)
    }
}

/// Whether a place of `level` may lie directly in `parent` (`None`: nowhere).
pub fn check_level(level: OrgLevel, parent: Option<OrgLevel>) -> Result<(), PlaceError> {
    if let Some(parent) = parent
        && parent >= level
    {
        return Err(PlaceError::LevelOrder { level, parent });
    }
    match level.spec().lies_in {
        [] => Ok(()),
        allowed if parent.is_some_and(|parent| allowed.contains(&parent)) => Ok(()),
        [expected, ..] => Err(PlaceError::ParentLevel {
            level,
            expected: *expected,
        }),
    }
}

/// Checks a code by the rules of its level and against the places above, which
/// come in order from the root. Answers the code as it is stored.
pub fn check_code(
    code: Option<&str>,
    level: OrgLevel,
    above: &[Above<'_>],
    scheme: &GridCodeScheme,
) -> Result<Option<String>, PlaceError> {
    let Some(code) = code.map(str::trim).filter(|code| !code.is_empty()) else {
        return match level.spec().code {
            LevelCode::Grid => Err(PlaceError::GridCodeMissing),
            LevelCode::Division(_) | LevelCode::Free => Ok(None),
        };
    };
    // The division this code lies in, down to the village where that is known.
    let (code, inside) = match level.spec().code {
        LevelCode::Grid => {
            let wrong = |reason| PlaceError::GridCode {
                code: code.to_owned(),
                reason,
            };
            let grid = GridCode::parse(code, scheme).map_err(wrong)?;
            let parts = grid.parts(scheme).map_err(wrong)?;
            check_area(&grid, parts.area.as_deref(), above, scheme)?;
            (grid.to_string(), parts.village12())
        }
        LevelCode::Division(expected) => {
            let division =
                DivisionCode::parse(code).map_err(|reason| PlaceError::DivisionCode {
                    level,
                    code: code.to_owned(),
                    reason,
                })?;
            if division.level() != expected {
                return Err(PlaceError::DivisionCodeLevel {
                    level,
                    expected: expected.digits(),
                    found: division.as_str().len(),
                });
            }
            (division.to_string(), Some(division))
        }
        LevelCode::Free => (FREE_CODE.apply(code).map_err(PlaceError::FreeCode)?, None),
    };
    let nearest = above
        .iter()
        .rev()
        .find(|place| place.level.division().is_some());
    if let (Some(inside), Some(outer)) = (inside, nearest.and_then(|place| place.code))
        && let Ok(outer_code) = DivisionCode::parse(outer)
        && !outer_code.contains(&inside)
    {
        return Err(PlaceError::CodeElsewhere {
            code,
            parent: outer.to_owned(),
        });
    }
    Ok(Some(code))
}

/// A grid below an area carries that area's number, where the scheme has room
/// for it and the area is numbered.
fn check_area(
    code: &GridCode,
    found: Option<&str>,
    above: &[Above<'_>],
    scheme: &GridCodeScheme,
) -> Result<(), PlaceError> {
    let width = scheme.segment(SegmentName::Area).map(Segment::width);
    let area = above
        .iter()
        .rev()
        .find(|place| place.level == OrgLevel::Area)
        .and_then(|place| place.code);
    match (found, area) {
        (Some(found), Some(area))
            if Some(area.len()) == width
                && area.bytes().all(|byte| byte.is_ascii_digit())
                && area != found =>
        {
            Err(PlaceError::AreaMismatch {
                code: code.to_string(),
                area: area.to_owned(),
                found: found.to_owned(),
            })
        }
        _ => Ok(()),
    }
}

/// The attribute of a place: as given, or else as its code says. `code` has
/// passed [`check_code`].
pub fn check_attribute(
    given: Option<GridAttribute>,
    level: OrgLevel,
    code: Option<&str>,
    scheme: &GridCodeScheme,
) -> Result<Option<GridAttribute>, PlaceError> {
    if level != OrgLevel::Grid {
        return match given {
            Some(_) => Err(PlaceError::AttributeNotGrid { level }),
            None => Ok(None),
        };
    }
    let in_code = code.and_then(|code| {
        let parts = GridCode::parse(code, scheme).ok()?.parts(scheme).ok()?;
        GridAttribute::from_code(parts.attribute.as_deref()?)
    });
    match (given, in_code) {
        (Some(given), Some(in_code)) if given != in_code => Err(PlaceError::AttributeMismatch {
            code: code.unwrap_or_default().to_owned(),
            in_code,
            given,
        }),
        (given, in_code) => Ok(given.or(in_code)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const QIANFOSHAN: [Above<'_>; 4] = [
        above(OrgLevel::Province, "37"),
        above(OrgLevel::County, "370102"),
        above(OrgLevel::Street, "370102002"),
        above(OrgLevel::Community, "370102002008"),
    ];

    const fn above(level: OrgLevel, code: &str) -> Above<'_> {
        Above {
            level,
            code: Some(code),
        }
    }

    #[test]
    fn a_grid_lies_in_a_community_and_a_micro_grid_in_a_grid() {
        use OrgLevel::{Area, Community, County, Grid, MicroGrid, Street};
        for (level, parent, code) in [
            (Grid, Some(Community), None),
            (MicroGrid, Some(Grid), None),
            (Community, Some(Street), None),
            (Community, Some(Area), None),
            (County, None, None),
            (Grid, Some(Street), Some("parent_level")),
            (Grid, Some(County), Some("parent_level")),
            (Grid, None, Some("parent_level")),
            (MicroGrid, Some(Community), Some("parent_level")),
            (Street, Some(Community), Some("level_order")),
            (Grid, Some(Grid), Some("level_order")),
        ] {
            let found = check_level(level, parent).err().map(|error| error.code());
            assert_eq!(found, code, "{level} in {parent:?}");
        }
    }

    #[test]
    fn a_code_follows_its_level_and_the_places_above() {
        let scheme = GridCodeScheme::shandong19();
        let check = |code: &str, level, above: &[Above<'_>]| {
            check_code(Some(code), level, above, &scheme).map_err(|error| error.code())
        };
        let grid = "3701020020000800101";
        assert_eq!(
            check(&format!(" {grid} "), OrgLevel::Grid, &QIANFOSHAN),
            Ok(Some(grid.to_owned()))
        );
        assert_eq!(
            check("3701020020000900101", OrgLevel::Grid, &QIANFOSHAN),
            Err("code_elsewhere"),
            "the next community"
        );
        assert_eq!(
            check("370102002008", OrgLevel::Grid, &QIANFOSHAN),
            Err("grid_code")
        );
        assert_eq!(
            check("370102", OrgLevel::Street, &QIANFOSHAN[..2]),
            Err("division_code_level")
        );
        assert_eq!(check("37010A", OrgLevel::County, &[]), Err("division_code"));
        assert_eq!(
            check("370202", OrgLevel::County, &QIANFOSHAN[..1]),
            Ok(Some("370202".to_owned()))
        );
        assert_eq!(
            check("110101", OrgLevel::County, &QIANFOSHAN[..1]),
            Err("code_elsewhere")
        );
        assert_eq!(
            check_code(None, OrgLevel::Grid, &QIANFOSHAN, &scheme).map_err(|error| error.code()),
            Err("grid_code_missing")
        );
        assert_eq!(
            check_code(Some(" "), OrgLevel::Area, &[], &scheme),
            Ok(None)
        );
    }

    #[test]
    fn a_grid_of_a_numbered_area_carries_its_number() {
        let scheme = GridCodeScheme::shandong19();
        let place = [
            above(OrgLevel::Street, "370102002"),
            above(OrgLevel::Area, "03"),
            above(OrgLevel::Community, "370102002008"),
        ];
        let check = |code: &str, place: &[Above<'_>]| {
            check_code(Some(code), OrgLevel::Grid, place, &scheme).map_err(|error| error.code())
        };
        assert!(check("3701020020300801201", &place).is_ok());
        assert_eq!(check("3701020020000801201", &place), Err("area_mismatch"));
        let mut named = place;
        named[1].code = Some("东片区");
        assert!(check("3701020020000801201", &named).is_ok());
    }

    #[test]
    fn the_attribute_is_that_of_the_code() {
        use GridAttribute::{Dedicated, UrbanCommunity};
        let scheme = GridCodeScheme::shandong19();
        let check = |given, level, code| {
            check_attribute(given, level, code, &scheme).map_err(|error| error.code())
        };
        let code = Some("3701020020000800101");
        assert_eq!(check(None, OrgLevel::Grid, code), Ok(Some(UrbanCommunity)));
        assert_eq!(
            check(Some(Dedicated), OrgLevel::Grid, code),
            Err("attribute_mismatch")
        );
        assert_eq!(
            check(Some(Dedicated), OrgLevel::Community, None),
            Err("attribute_not_grid")
        );
        let beijing = GridCodeScheme::beijing15();
        let code = Some("110101001001001");
        assert_eq!(
            check_attribute(Some(Dedicated), OrgLevel::Grid, code, &beijing),
            Ok(Some(Dedicated)),
            "a code without an attribute leaves it open"
        );
        assert_eq!(
            check_attribute(None, OrgLevel::Grid, code, &beijing),
            Ok(None)
        );
    }

    #[test]
    fn every_error_has_its_words_in_both_languages() {
        use OrgLevel::{Area, Community, Grid, Street};
        let grid_error = GridCode::parse("1", &GridCodeScheme::shandong19()).unwrap_err();
        let division_error = DivisionCode::parse("1").unwrap_err();
        let text_error = FREE_CODE.apply("").unwrap_err();
        let errors = [
            PlaceError::LevelOrder {
                level: Street,
                parent: Community,
            },
            PlaceError::ParentLevel {
                level: Grid,
                expected: Community,
            },
            PlaceError::GridCodeMissing,
            PlaceError::GridCode {
                code: "1".into(),
                reason: grid_error,
            },
            PlaceError::DivisionCode {
                level: Street,
                code: "1".into(),
                reason: division_error,
            },
            PlaceError::DivisionCodeLevel {
                level: Street,
                expected: 9,
                found: 6,
            },
            PlaceError::FreeCode(text_error),
            PlaceError::CodeElsewhere {
                code: "1".into(),
                parent: "2".into(),
            },
            PlaceError::AreaMismatch {
                code: "1".into(),
                area: "03".into(),
                found: "00".into(),
            },
            PlaceError::AttributeNotGrid { level: Area },
            PlaceError::AttributeMismatch {
                code: "1".into(),
                in_code: GridAttribute::Rural,
                given: GridAttribute::Dedicated,
            },
        ];
        for error in errors {
            for language in Language::ALL {
                let text = error.text(language);
                assert!(
                    !text.contains("org-") && !text.contains('{') && text.chars().count() > 8,
                    "{text}"
                );
            }
        }
    }
}
