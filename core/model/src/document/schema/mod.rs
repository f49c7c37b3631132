//! Which fields each kind of record has: the collection list (采集清单) that is
//! built in. A field that is not here cannot be written by this build; one a
//! newer build wrote is kept untouched.
//!
//! * [`choices`]: the lists behind choices.
//! * `fields`: the tables.
//! * `check`: what may stand in a field.

mod check;
pub mod choices;
mod fields;

use std::{
    collections::{HashMap, HashSet},
    sync::OnceLock,
};

pub use check::FieldError;
pub use choices::*;
use fields::EXTRA_SPEC;
pub use fields::{EXTRA, fields};
pub(crate) use fields::{containers, texts};

use super::FieldPath;
use crate::{RecordKind, kind::PerKind, masking::MaskingKind};

/// Version of the layout below, written into every document's `schema`.
pub const SCHEMA: i64 = 1;

/// What a field may hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FieldType {
    /// One line, at most this many characters.
    Line(usize),
    /// Many lines, at most this many characters; the last writer wins.
    Paragraph(usize),
    /// Many lines that two people may edit at once; merged letter by letter.
    SharedText(usize),
    /// One of these codes; their texts are `choice-<list>-<code>`.
    Choice(&'static [&'static str]),
    /// A whole number within these bounds, inclusive.
    Integer(i64, i64),
    /// A measured number within these bounds, inclusive.
    Number(i32, i32),
    /// Yes or no.
    Flag,
    /// A civil date, `YYYY-MM-DD`.
    Date,
    /// A moment.
    Time,
    /// A mainland mobile or landline number.
    PhoneNumber,
    /// A citizen identity number (GB 11643).
    CitizenId,
    /// The id of another record.
    RecordReference,
    /// A unified social credit code (GB 32100-2015).
    CreditCode,
    /// A number of a permit or passport, see [`crate::PermitKind`].
    PermitNumber,
    /// Letters, digits and hyphens in upper case, at most this many.
    Code(usize),
    /// The SHA-256 sum of a file, 64 hexadecimal digits in lower case.
    Sha256,
    /// Whatever a collection list defines: any value, text of at most this many
    /// characters. The definition says more, but not to the guard: it may be
    /// newer or older than the value.
    Extra(usize),
}

/// Who writes a field.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FieldOwner {
    /// People, on phones and in the console; concurrent values are kept.
    People,
    /// The server alone (decision D5): a device's write is quarantined.
    Server,
    /// Whoever asks the server for a decision: part of a request, which is
    /// written whole and never again. No form has such a field.
    Requester,
}

/// One field of a kind of record.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FieldSpec {
    /// Its path, with `*` for an entry id.
    pub path: &'static str,
    /// What it may hold.
    pub kind: FieldType,
    /// How it is masked where a person need not see it whole.
    pub masking: Option<MaskingKind>,
    /// Who writes it.
    pub owner: FieldOwner,
}
/// What is looked up once per written field, prepared once per kind.
struct KindIndex {
    by_pattern: HashMap<&'static str, &'static FieldSpec>,
    server_roots: HashSet<&'static str>,
    request_roots: HashSet<&'static str>,
}

fn index(kind: RecordKind) -> &'static KindIndex {
    static INDEXES: OnceLock<PerKind<KindIndex>> = OnceLock::new();
    INDEXES.get_or_init(|| PerKind::new(build_index)).get(kind)
}

fn build_index(kind: RecordKind) -> KindIndex {
    let root = |spec: &FieldSpec| spec.path.split('.').next().unwrap_or(spec.path);
    let fields = fields(kind);
    let roots = |owner: FieldOwner| {
        let owned = fields.iter().filter(move |spec| spec.owner == owner);
        owned.map(root).collect()
    };
    KindIndex {
        by_pattern: fields.iter().map(|spec| (spec.path, spec)).collect(),
        server_roots: roots(FieldOwner::Server),
        request_roots: roots(FieldOwner::Requester),
    }
}

/// The field a path names, if this build knows it.
pub fn find_field(kind: RecordKind, path: &FieldPath) -> Option<&'static FieldSpec> {
    if path.root() == EXTRA {
        return path.as_str().contains('.').then_some(&EXTRA_SPEC);
    }
    index(kind).by_pattern.get(path.pattern().as_ref()).copied()
}

/// Whether everything below this root key is the server's to write, also
/// fields only a newer build knows.
pub(crate) fn is_server_owned(kind: RecordKind, root: &str) -> bool {
    index(kind).server_roots.contains(root)
}

/// Whether what lies below this root key are requests: entries that are
/// written whole and never again, fields only a newer build knows among them.
pub(crate) fn is_request(kind: RecordKind, root: &str) -> bool {
    index(kind).request_roots.contains(root)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::document::FieldValue;

    #[expect(
        clippy::needless_pass_by_value,
        reason = "a value written where it is checked reads better"
    )]
    fn check(kind: RecordKind, path: &str, value: FieldValue) -> Result<(), FieldError> {
        find_field(kind, &FieldPath::new(path).unwrap())
            .unwrap()
            .check(&value)
    }

    #[test]
    fn values_are_checked_against_their_field() {
        use RecordKind::{Household, Visit};
        assert_eq!(
            check(Household, "address.room", FieldValue::text("501")),
            Ok(())
        );
        assert_eq!(
            check(
                Household,
                "address.floor",
                FieldValue::text("一".repeat(11))
            ),
            Err(FieldError::TooLong { max: 10 })
        );
        assert_eq!(
            check(Household, "address.room", FieldValue::text("5\n01")),
            Err(FieldError::BadCharacters)
        );
        assert_eq!(
            check(Household, "contact.name", FieldValue::text("王\u{202E}小")),
            Err(FieldError::BadCharacters)
        );
        assert_eq!(
            check(Household, "ledger", FieldValue::text("?")),
            Err(FieldError::NotAChoice)
        );
        assert_eq!(
            check(Household, "point.latitude", FieldValue::Number(91.0)),
            Err(FieldError::OutOfRange { min: -90, max: 90 })
        );
        assert_eq!(
            check(Household, "point.latitude", FieldValue::Number(f64::NAN)),
            Err(FieldError::OutOfRange { min: -90, max: 90 })
        );
        assert_eq!(
            check(Visit, "follow_up_on", FieldValue::text("2026-02-30")),
            Err(FieldError::NotADate)
        );
        assert_eq!(check(Visit, "diary", FieldValue::text("一\n二")), Ok(()));
        assert_eq!(
            check(Visit, "household", FieldValue::Flag(true)),
            Err(FieldError::WrongType)
        );
    }

    #[test]
    fn a_text_of_several_authors_is_made_by_the_genesis() {
        for kind in RecordKind::ALL {
            for spec in fields(kind) {
                if matches!(spec.kind, FieldType::SharedText(_)) {
                    assert!(texts(kind).contains(&spec.path), "{}", spec.path);
                }
            }
        }
    }

    #[test]
    fn no_field_is_named_as_what_says_which_record_it_is() {
        for kind in RecordKind::ALL {
            for spec in fields(kind) {
                let root = spec.path.split('.').next().unwrap_or_default();
                assert!(!crate::document::is_root_reserved(root), "{}", spec.path);
            }
        }
    }
}
