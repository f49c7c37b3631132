//! What went wrong with a ledger's file or columns, in words: the same at the
//! command line and on pages. Also the text form in which a mapping is kept.

use std::collections::BTreeMap;

use serde_json::json;
use wangge_model::message::{Language, message};

use super::{
    column::{ColumnsError, Mapping},
    sheet::SheetError,
};
use crate::explain::io_reason;

/// Why a file cannot be read, in words.
pub fn sheet_text(error: &SheetError, language: Language) -> String {
    let id = error.code().replace('_', "-");
    let arguments: Vec<(&str, String)> = match error {
        SheetError::File(error) => vec![("reason", io_reason(error, language))],
        SheetError::Damaged(reason) => vec![("reason", reason.clone())],
        SheetError::NoSheet(name) => vec![("name", name.clone())],
        SheetError::TooLarge { what, limit } => vec![
            ("limit", limit.to_string()),
            (
                "what",
                message(language, &format!("ledger-too-large-{what}"), &[]),
            ),
        ],
        _ => Vec::new(),
    };
    fill(language, &id, &arguments)
}

/// Why columns are not known, in words.
pub fn columns_text(error: &ColumnsError, language: Language) -> String {
    let id = error.code().replace('_', "-");
    let arguments = match error {
        ColumnsError::Twice {
            target,
            first,
            second,
        } => vec![
            ("target", target.label(language)),
            ("first", first.clone()),
            ("second", second.clone()),
        ],
        _ => Vec::new(),
    };
    fill(language, &id, &arguments)
}

fn fill(language: Language, id: &str, arguments: &[(&str, String)]) -> String {
    let arguments: Vec<(&str, &str)> = arguments
        .iter()
        .map(|(name, value)| (*name, value.as_str()))
        .collect();
    message(language, id, &arguments)
}

/// A mapping as it is kept; what this build does not know is left out.
pub fn mapping_of(text: &str) -> Mapping {
    let kept: BTreeMap<String, String> = serde_json::from_str(text).unwrap_or_default();
    kept.into_iter()
        .filter_map(|(heading, target)| Some((heading, target.parse().ok()?)))
        .collect()
}

/// The other way.
pub fn mapping_text(mapping: &Mapping) -> String {
    let texts: BTreeMap<&String, String> = mapping
        .iter()
        .map(|(heading, target)| (heading, target.to_string()))
        .collect();
    json!(texts).to_string()
}
