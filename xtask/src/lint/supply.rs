//! What the dependencies bring with them: licences, banned crates, sources.
//!
//! `deny.toml` holds the rules. Where `cargo deny` is installed it judges them,
//! advisories included; elsewhere the three rules that need no database are
//! judged here, from the same file.

use anyhow::Context;
use serde::Deserialize;

use super::spdx;
use crate::{
    lint::Finding,
    metadata::{Metadata, Package},
    run::{Workspace, find_program},
};

/// The part of `deny.toml` that is judged here.
#[derive(Debug, Default, Deserialize)]
struct Rules {
    #[serde(default)]
    licenses: Licenses,
    #[serde(default)]
    bans: Bans,
    #[serde(default)]
    sources: Sources,
}

#[derive(Debug, Default, Deserialize)]
struct Licenses {
    #[serde(default)]
    allow: Vec<String>,
    #[serde(default)]
    exceptions: Vec<Exception>,
}

#[derive(Debug, Deserialize)]
struct Exception {
    #[serde(rename = "crate")]
    package: String,
    allow: Vec<String>,
}

#[derive(Debug, Default, Deserialize)]
struct Bans {
    #[serde(default)]
    deny: Vec<Ban>,
}

#[derive(Debug, Deserialize)]
struct Ban {
    #[serde(rename = "crate")]
    package: String,
    /// The only packages that may use it.
    #[serde(default)]
    wrappers: Vec<String>,
    #[serde(default)]
    reason: Option<String>,
}

#[derive(Debug, Default, Deserialize)]
struct Sources {
    #[serde(default, rename = "allow-registry")]
    allow_registry: Vec<String>,
}

/// Judges every dependency that any feature on any platform could bring in.
pub(super) fn check(workspace: &Workspace) -> anyhow::Result<Vec<Finding>> {
    if find_program("cargo-deny").is_some() {
        let clean = workspace
            .cargo(["deny", "--workspace", "check"])
            .status_ok()?;
        let complaint = || vec![Finding::failure("cargo deny found something, see above")];
        return Ok(if clean { Vec::new() } else { complaint() });
    }
    let text = std::fs::read_to_string(workspace.path("deny.toml")).context("reading deny.toml")?;
    let rules: Rules = toml::from_str(&text).context("reading deny.toml")?;
    let mut findings = judge(&rules, &Metadata::load(workspace, true)?);
    findings.extend(judge_bans(
        &rules.bans,
        &Metadata::load(workspace, false)?,
        &[],
    ));
    findings.push(Finding::note(
        "THE ADVISORY DATABASE WAS NOT CONSULTED: `cargo deny` is not installed \
         (cargo install --locked cargo-deny)",
    ));
    Ok(findings)
}

fn judge(rules: &Rules, everything: &Metadata) -> Vec<Finding> {
    let reached = everything.reached();
    let mut findings = Vec::new();
    for package in everything
        .packages
        .iter()
        .filter(|p| reached.contains(p.id.as_str()))
    {
        findings.extend(judge_licence(&rules.licenses, package));
        findings.extend(judge_source(&rules.sources, package));
    }
    // Every feature at once: here the named wrappers may bring in what is
    // banned otherwise.
    let wrapped: Vec<&str> = rules
        .bans
        .deny
        .iter()
        .filter(|b| !b.wrappers.is_empty())
        .map(|b| b.package.as_str())
        .collect();
    findings.extend(judge_bans(&rules.bans, everything, &wrapped));
    findings
}

fn judge_licence(rules: &Licenses, package: &Package) -> Option<Finding> {
    let named = format!("{} {}", package.name, package.version);
    let Some(expression) = &package.license else {
        return Some(Finding::failure(format!("{named} states no licence")));
    };
    let excepted = |licence: &str| {
        let mut exceptions = rules
            .exceptions
            .iter()
            .filter(|e| e.package == package.name);
        exceptions.any(|e| e.allow.iter().any(|allowed| allowed == licence))
    };
    let allowed =
        |licence: &str| rules.allow.iter().any(|allowed| allowed == licence) || excepted(licence);
    match spdx::is_satisfied(expression, &allowed) {
        Ok(true) => None,
        Ok(false) => Some(Finding::failure(format!(
            "{named} is under {expression}, not allowed"
        ))),
        Err(reason) => Some(Finding::failure(format!(
            "{named}: licence not readable: {reason}"
        ))),
    }
}

fn judge_source(rules: &Sources, package: &Package) -> Option<Finding> {
    let source = package.source.as_deref()?;
    let known = source.strip_prefix("registry+").is_some_and(|registry| {
        rules
            .allow_registry
            .iter()
            .any(|allowed| allowed == registry)
    });
    (!known).then(|| {
        Finding::failure(format!(
            "{} {} comes from {source}",
            package.name, package.version
        ))
    })
}

/// Finds banned packages; those in `wrapped` may be used by their wrappers.
fn judge_bans(bans: &Bans, graph: &Metadata, wrapped: &[&str]) -> Vec<Finding> {
    let reached = graph.reached();
    let mut findings = Vec::new();
    for package in graph
        .packages
        .iter()
        .filter(|p| reached.contains(p.id.as_str()))
    {
        let Some(ban) = bans.deny.iter().find(|ban| ban.package == package.name) else {
            continue;
        };
        let reason = ban.reason.as_deref().unwrap_or("banned in deny.toml");
        for user in graph.users_of(&package.id) {
            let excused = wrapped.contains(&package.name.as_str())
                && ban.wrappers.iter().any(|wrapper| wrapper == user);
            if !excused {
                findings.push(Finding::failure(format!(
                    "{user} uses {}: {reason}",
                    package.name
                )));
            }
        }
    }
    findings
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::metadata::testing::{foreign, graph, member};

    fn rules() -> Rules {
        toml::from_str(
            r#"
            [licenses]
            allow = ["MIT", "Apache-2.0"]
            exceptions = [{ crate = "uniffi", allow = ["MPL-2.0"] }]
            [bans]
            deny = [
                { crate = "native-tls", reason = "TLS is rustls" },
                { crate = "openssl-sys", wrappers = ["libsqlite3-sys"], reason = "only for SQLCipher" },
            ]
            [sources]
            allow-registry = ["https://github.com/rust-lang/crates.io-index"]
            "#,
        )
        .expect("it is TOML")
    }

    fn texts(packages: Vec<Package>) -> Vec<String> {
        judge(&rules(), &graph(packages))
            .into_iter()
            .map(|finding| finding.text)
            .collect()
    }

    #[test]
    fn the_rules_of_this_repository_can_be_read() {
        let text = include_str!("../../../deny.toml");
        let rules: Rules = toml::from_str(text).expect("deny.toml has the expected form");
        assert!(
            rules
                .licenses
                .allow
                .iter()
                .any(|licence| licence == "Apache-2.0")
        );
        assert!(
            rules
                .bans
                .deny
                .iter()
                .any(|ban| ban.package == "native-tls")
        );
        assert!(!rules.sources.allow_registry.is_empty());
    }

    #[test]
    fn an_exception_is_for_one_package_only() {
        let found = texts(vec![
            foreign("uniffi", Some("MPL-2.0")),
            foreign("other", Some("MPL-2.0")),
            foreign("fine", Some("MIT OR GPL-3.0-only")),
        ]);
        assert_eq!(found.len(), 1, "{found:?}");
        assert!(found.iter().all(|text| text.starts_with("other ")));
    }

    #[test]
    fn a_package_without_a_licence_fails() {
        assert_eq!(texts(vec![foreign("bare", None)]).len(), 1);
    }

    #[test]
    fn a_banned_crate_names_who_brought_it() {
        let mut tls = foreign("hyper-tls", Some("MIT"));
        tls.dependencies = member("x", &["native-tls"]).dependencies;
        let found = texts(vec![tls, foreign("native-tls", Some("MIT"))]);
        assert_eq!(found, ["hyper-tls uses native-tls: TLS is rustls"]);
    }

    #[test]
    fn a_wrapper_may_bring_it_only_when_a_feature_asks() {
        let mut sqlite = foreign("libsqlite3-sys", Some("MIT"));
        sqlite.dependencies = member("x", &["openssl-sys"]).dependencies;
        let packages = vec![sqlite, foreign("openssl-sys", Some("MIT"))];
        assert!(
            texts(packages.clone()).is_empty(),
            "with every feature switched on"
        );
        let found = judge_bans(&rules().bans, &graph(packages), &[]);
        assert_eq!(found.len(), 1, "without features nobody may");
    }

    #[test]
    fn a_package_from_elsewhere_fails() {
        let mut forked = foreign("forked", Some("MIT"));
        forked.source = Some("git+https://example.org/forked#1234".into());
        assert_eq!(texts(vec![forked]).len(), 1);
    }
}
