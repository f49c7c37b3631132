//! Which crate may depend on which: the picture of ARCHITECTURE.md as a table.
//!
//! ```text
//! shells ─→ ffi ─→ core ─→ core/model ←─ sync-server
//! tests ─→ everything      xtask ─→ nothing of ours
//! ```

use crate::{
    lint::Finding,
    metadata::{Metadata, Package},
};

/// One member: which of ours it may use, and which of others' it may not.
struct Rule {
    member: &'static str,
    may_use: &'static [&'static str],
    must_not_use: &'static [&'static str],
}

const RULES: &[Rule] = &[
    Rule {
        member: "wangge-model",
        may_use: &[],
        // Sans-I/O: the same code runs on phone and server, and in tests
        // without either.
        must_not_use: &["rusqlite", "reqwest", "tokio", "axum", "uniffi"],
    },
    Rule {
        member: "wangge-core",
        may_use: &["wangge-model"],
        must_not_use: &["axum", "uniffi"],
    },
    Rule {
        member: "wangge-ffi",
        may_use: &["wangge-core", "wangge-model"],
        must_not_use: &["rusqlite", "reqwest", "axum", "automerge"],
    },
    Rule {
        member: "uniffi-bindgen",
        may_use: &[],
        must_not_use: &[],
    },
    Rule {
        member: "wangge-server",
        // wangge-core only as an optional dependency, see `demo_exception`.
        may_use: &["wangge-model"],
        must_not_use: &["uniffi", "reqwest"],
    },
    Rule {
        member: "wangge-tests",
        may_use: &["wangge-core", "wangge-ffi", "wangge-model", "wangge-server"],
        must_not_use: &["uniffi"],
    },
    Rule {
        member: "xtask",
        may_use: &[],
        must_not_use: &[],
    },
];

/// The feature of the server that may bring in the phone's core.
const DEMO: &str = "demo";

/// Compares the workspace with the table.
pub(super) fn check(metadata: &Metadata) -> Vec<Finding> {
    let members: Vec<&str> = metadata
        .members()
        .map(|member| member.name.as_str())
        .collect();
    let mut findings = Vec::new();
    for member in metadata.members() {
        let Some(rule) = RULES.iter().find(|rule| rule.member == member.name) else {
            findings.push(Finding::failure(format!(
                "{} is not in the table of allowed arrows (xtask/src/lint/arrows.rs)",
                member.name
            )));
            continue;
        };
        for dependency in &member.dependencies {
            let used = dependency.name.as_str();
            // A crate may name itself to switch on a feature for its own tests.
            let ours = members.contains(&used) && used != member.name;
            let excepted = member.name == "wangge-server"
                && used == "wangge-core"
                && dependency.optional
                && dependency.kind.is_none();
            if ours && !rule.may_use.contains(&used) && !excepted {
                findings.push(Finding::failure(format!(
                    "{} must not depend on {used}; it may use: {}",
                    member.name,
                    if rule.may_use.is_empty() {
                        "nothing of ours".to_owned()
                    } else {
                        rule.may_use.join(", ")
                    }
                )));
            }
            if rule.must_not_use.contains(&used) {
                findings.push(Finding::failure(format!(
                    "{} must not depend on {used} directly",
                    member.name
                )));
            }
        }
        if member.name == "wangge-server" {
            findings.extend(demo_exception(member));
        }
    }
    findings
}

/// In the server, no feature but `demo` switches on the phone's core.
fn demo_exception(server: &Package) -> Vec<Finding> {
    let asks = |entry: &String| {
        let named = entry.strip_prefix("dep:").unwrap_or(entry);
        let named = named.split(['/', '?']).next().unwrap_or(named);
        // `wangge-core?/x` configures the crate if it is there; it does not
        // bring it in.
        named == "wangge-core" && !entry.contains('?')
    };
    server
        .features
        .iter()
        .filter(|(feature, entries)| feature.as_str() != DEMO && entries.iter().any(asks))
        .map(|(feature, _)| {
            Finding::failure(format!(
                "feature `{feature}` of wangge-server brings in wangge-core; only `{DEMO}` may"
            ))
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::metadata::testing::{foreign, graph, member};

    fn texts(packages: Vec<Package>) -> Vec<String> {
        check(&graph(packages))
            .into_iter()
            .map(|finding| finding.text)
            .collect()
    }

    #[test]
    fn the_drawn_arrows_are_allowed() {
        let found = texts(vec![
            member("wangge-model", &["serde"]),
            member(
                "wangge-core",
                &["wangge-model", "rusqlite", "reqwest", "tokio"],
            ),
            member("wangge-ffi", &["wangge-core", "wangge-model", "uniffi"]),
            member("wangge-server", &["wangge-model", "axum", "rusqlite"]),
            member(
                "wangge-tests",
                &["wangge-core", "wangge-server", "wangge-model"],
            ),
            member("xtask", &["clap"]),
        ]);
        assert!(found.is_empty(), "{found:?}");
    }

    #[test]
    fn catches_an_arrow_that_points_the_wrong_way() {
        let found = texts(vec![
            member("wangge-model", &["wangge-core"]),
            member("wangge-core", &["wangge-model"]),
        ]);
        assert_eq!(found.len(), 1, "{found:?}");
        assert!(
            found
                .iter()
                .all(|text| text.contains("wangge-model must not depend on wangge-core"))
        );
    }

    #[test]
    fn catches_a_forbidden_crate_of_others() {
        let found = texts(vec![
            member("wangge-model", &["tokio"]),
            foreign("tokio", Some("MIT")),
        ]);
        assert!(found.iter().any(|text| text.contains("tokio")), "{found:?}");
    }

    #[test]
    fn catches_a_member_that_nobody_drew() {
        let found = texts(vec![member("wangge-extras", &[])]);
        assert!(
            found.iter().any(|text| text.contains("not in the table")),
            "{found:?}"
        );
    }

    #[test]
    fn the_server_may_use_the_core_only_for_the_demo() {
        let core = member("wangge-core", &[]);
        let mut server = member("wangge-server", &["wangge-core"]);
        assert_eq!(
            texts(vec![core.clone(), server.clone()]).len(),
            1,
            "not optional"
        );

        for dependency in &mut server.dependencies {
            dependency.optional = true;
        }
        server
            .features
            .insert("demo".into(), vec!["dep:wangge-core".into()]);
        server
            .features
            .insert("testing".into(), vec!["wangge-core?/testing".into()]);
        assert!(texts(vec![core.clone(), server.clone()]).is_empty());

        server
            .features
            .insert("extra".into(), vec!["wangge-core/testing".into()]);
        assert_eq!(
            texts(vec![core.clone(), server.clone()]).len(),
            1,
            "another feature"
        );

        server.features.remove("extra");
        for dependency in &mut server.dependencies {
            dependency.kind = Some("dev".into());
        }
        assert_eq!(texts(vec![core, server]).len(), 1, "a dev-dependency");
    }
}
