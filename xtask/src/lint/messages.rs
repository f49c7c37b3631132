//! The message files: Chinese and English say the same things.
//!
//! A file belongs to a language by a folder or file name that is exactly the
//! language tag, for example `messages/zh-CN/errors.ftl` or `messages/en.ftl`.

use std::collections::{BTreeMap, BTreeSet};

use crate::{lint::Finding, tree::File};

/// The languages every text exists in; the first is the one written first.
const LANGUAGES: [&str; 2] = ["zh-CN", "en"];

/// What one message file defines: each id with the variables it uses.
type Messages = BTreeMap<String, BTreeSet<String>>;

/// Compares the languages file by file.
pub(super) fn check(files: &[File]) -> Vec<Finding> {
    let mut findings = Vec::new();
    let mut sets: BTreeMap<String, BTreeMap<&str, Messages>> = BTreeMap::new();
    for file in files.iter().filter(|file| file.extension() == "ftl") {
        let Some((language, key)) = language_of(&file.path) else {
            findings.push(Finding::failure(format!(
                "{}: no part of its path is one of {}",
                file.path,
                LANGUAGES.join(", ")
            )));
            continue;
        };
        let (messages, repeated) = read(&file.text);
        for id in repeated {
            findings.push(Finding::failure(format!(
                "{}: `{id}` is defined twice",
                file.path
            )));
        }
        sets.entry(key).or_default().insert(language, messages);
    }
    if sets.is_empty() {
        findings.push(Finding::failure(
            "there is no message file (core/model/messages/*.ftl)",
        ));
    }
    for (key, languages) in &sets {
        findings.extend(compare(key, languages));
    }
    findings
}

fn compare(key: &str, languages: &BTreeMap<&str, Messages>) -> Vec<Finding> {
    let [first, second] = LANGUAGES;
    let (Some(left), Some(right)) = (languages.get(first), languages.get(second)) else {
        let present: Vec<_> = languages.keys().copied().collect();
        return vec![Finding::failure(format!(
            "{key}: exists only in {}",
            present.join(", ")
        ))];
    };
    let mut findings = Vec::new();
    for (id, variables) in left {
        match right.get(id) {
            None => findings.push(Finding::failure(format!(
                "{key}: `{id}` is missing in {second}"
            ))),
            Some(other) if other != variables => findings.push(Finding::failure(format!(
                "{key}: `{id}` uses other variables in {first} ({}) than in {second} ({})",
                list(variables),
                list(other)
            ))),
            Some(_) => {}
        }
    }
    for id in right.keys().filter(|id| !left.contains_key(*id)) {
        findings.push(Finding::failure(format!(
            "{key}: `{id}` is missing in {first}"
        )));
    }
    findings
}

fn list(variables: &BTreeSet<String>) -> String {
    if variables.is_empty() {
        return "none".to_owned();
    }
    variables
        .iter()
        .map(String::as_str)
        .collect::<Vec<_>>()
        .join(", ")
}

/// The language of a file and its path with the language replaced by `*`.
fn language_of(path: &str) -> Option<(&'static str, String)> {
    let stem = path.strip_suffix(".ftl")?;
    let parts: Vec<&str> = stem.split('/').collect();
    let language = LANGUAGES
        .into_iter()
        .find(|language| parts.contains(language))?;
    let key: Vec<&str> = parts
        .into_iter()
        .map(|part| if part == language { "*" } else { part })
        .collect();
    Some((language, key.join("/")))
}

/// Reads ids, attributes and variables; the second part lists repeated ids.
fn read(text: &str) -> (Messages, Vec<String>) {
    let mut messages = Messages::new();
    let mut repeated = Vec::new();
    let mut entry: Option<String> = None;
    let mut current: Option<String> = None;
    for line in text.lines() {
        if line.starts_with('#') || line.trim().is_empty() {
            continue;
        }
        let continues = line.starts_with(char::is_whitespace);
        let body = line.trim_start();
        if !continues {
            entry = identifier(body).map(str::to_owned);
            current.clone_from(&entry);
        } else if let (Some(name), Some(owner)) =
            (body.strip_prefix('.').and_then(identifier), &entry)
        {
            current = Some(format!("{owner}.{name}"));
        } else {
            // A further line of the same text.
            if let Some(id) = &current {
                messages
                    .entry(id.clone())
                    .or_default()
                    .extend(variables(body));
            }
            continue;
        }
        let Some(id) = &current else { continue };
        if messages.insert(id.clone(), variables(body)).is_some() {
            repeated.push(id.clone());
        }
    }
    (messages, repeated)
}

/// The id before `=`, if the line defines one.
fn identifier(line: &str) -> Option<&str> {
    let (name, _) = line.split_once('=')?;
    let name = name.trim_end();
    let plain = name.strip_prefix('-').unwrap_or(name);
    let valid = plain.starts_with(|c: char| c.is_ascii_alphabetic())
        && plain
            .chars()
            .all(|c| c.is_ascii_alphanumeric() || c == '-' || c == '_');
    valid.then_some(name)
}

/// The variables (`$name`) a line uses.
fn variables(line: &str) -> BTreeSet<String> {
    line.split('$')
        .skip(1)
        .map(|rest| {
            rest.chars()
                .take_while(|c| c.is_ascii_alphanumeric() || *c == '-' || *c == '_')
                .collect()
        })
        .filter(|name: &String| !name.is_empty())
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(path: &str, text: &str) -> File {
        File {
            path: path.into(),
            text: text.into(),
        }
    }

    fn compared(chinese: &str, english: &str) -> Vec<String> {
        let files = [
            file("core/model/messages/zh-CN/errors.ftl", chinese),
            file("core/model/messages/en/errors.ftl", english),
        ];
        check(&files)
            .into_iter()
            .map(|finding| finding.text)
            .collect()
    }

    #[test]
    fn accepts_two_files_that_say_the_same() {
        let found = compared(
            "# 错误\nlost = 丢失\nbad-code = 编码 { $code } 无效\n    .hint = 请检查 { $code }\n",
            "# Errors\nbad-code = The code { $code }\n    is not valid\n    .hint = Check { $code }\nlost = Lost\n",
        );
        assert!(found.is_empty(), "{found:?}");
    }

    #[test]
    fn finds_a_message_that_one_language_lacks() {
        let found = compared("a = 甲\nb = 乙\n", "a = A\nc = C\n");
        assert_eq!(found.len(), 2, "{found:?}");
        assert!(
            found
                .iter()
                .any(|text| text.contains("`b` is missing in en"))
        );
        assert!(
            found
                .iter()
                .any(|text| text.contains("`c` is missing in zh-CN"))
        );
    }

    #[test]
    fn finds_other_variables_and_repeated_ids() {
        let found = compared("a = { $x }\n", "a = { $y }\na = again { $x }\n");
        assert!(
            found.iter().any(|text| text.contains("defined twice")),
            "{found:?}"
        );
        let found = compared("a = { $x }\n", "a = { $y }\n");
        assert!(
            found.iter().any(|text| text.contains("other variables")),
            "{found:?}"
        );
    }

    #[test]
    fn finds_a_whole_file_that_one_language_lacks() {
        let found = check(&[file("core/model/messages/en.ftl", "a = A\n")]);
        assert!(
            found.iter().any(|f| f.text.contains("exists only in en")),
            "{found:?}"
        );
        assert_eq!(check(&[]).len(), 1, "no message file at all is a failure");
    }
}
