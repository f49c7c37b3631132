//! Names of incident classes.

use wangge_model::{
    OrgNodeId,
    incident_class::{INCIDENT_CLASSES, IncidentClasses},
    message::Language,
};

use crate::storage::{Storage, StorageResult};

/// What a class code stands for in a list, which reaches over many places: by
/// the built-in tree. A code of a county's own stands for itself there.
pub(crate) fn class_words(code: &str, language: Language) -> String {
    IncidentClasses::built_in().name(code, language)
}

/// What a class code stands for at a place, by the tree that holds there.
pub(crate) async fn class_words_at(
    storage: &dyn Storage,
    node: &OrgNodeId,
    code: &str,
    language: Language,
) -> StorageResult<String> {
    let set = storage.find_reference_above(INCIDENT_CLASSES, node).await?;
    let tree = set.and_then(|set| set.read(IncidentClasses::from_json));
    Ok(tree
        .as_ref()
        .unwrap_or_else(|| IncidentClasses::built_in())
        .name(code, language))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_class_is_shown_by_its_name_and_an_unknown_one_by_its_code() {
        assert_eq!(
            class_words("3001", Language::Chinese),
            "公共安全隐患 / 消防安全"
        );
        assert_eq!(
            class_words("3001", Language::English),
            "Public safety / Fire safety"
        );
        assert_eq!(class_words("9876", Language::English), "9876");
    }
}
