//! What `cargo metadata` says about the workspace, reduced to what the checks
//! ask for.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::Context;
use serde::Deserialize;

use crate::run::Workspace;

/// The answer of `cargo metadata`.
#[derive(Debug, Clone, Deserialize)]
pub(crate) struct Metadata {
    /// Every package of the resolved graph, ours and others'.
    pub(crate) packages: Vec<Package>,
    /// Ids of the members of the workspace.
    pub(crate) workspace_members: Vec<String>,
    /// The graph that the asked-for features resolve to.
    pub(crate) resolve: Option<Resolve>,
}

/// One package.
#[derive(Debug, Clone, Deserialize)]
pub(crate) struct Package {
    /// Opaque id, used by the graph.
    pub(crate) id: String,
    /// Name in the registry.
    pub(crate) name: String,
    /// Version as written.
    pub(crate) version: String,
    /// SPDX expression, if the manifest states one.
    pub(crate) license: Option<String>,
    /// Where it comes from; `None` for a path of this repository.
    pub(crate) source: Option<String>,
    /// The dependencies as its manifest declares them.
    #[serde(default)]
    pub(crate) dependencies: Vec<Dependency>,
    /// Features and what each switches on.
    #[serde(default)]
    pub(crate) features: BTreeMap<String, Vec<String>>,
}

/// One declared dependency.
#[derive(Debug, Clone, Deserialize)]
pub(crate) struct Dependency {
    /// Name of the package.
    pub(crate) name: String,
    /// `None` for an ordinary dependency, else `dev` or `build`.
    pub(crate) kind: Option<String>,
    /// Whether a feature has to ask for it.
    #[serde(default)]
    pub(crate) optional: bool,
}

/// The resolved graph.
#[derive(Debug, Clone, Deserialize)]
pub(crate) struct Resolve {
    /// One node per package.
    pub(crate) nodes: Vec<Node>,
}

/// One package of the resolved graph and what it uses.
#[derive(Debug, Clone, Deserialize)]
pub(crate) struct Node {
    /// Id of the package.
    pub(crate) id: String,
    /// Ids of the packages it uses.
    pub(crate) dependencies: Vec<String>,
}

impl Metadata {
    /// Asks cargo. With `all_features`, the graph holds everything any feature
    /// could bring in.
    pub(crate) fn load(workspace: &Workspace, all_features: bool) -> anyhow::Result<Self> {
        let mut arguments = vec!["metadata", "--format-version", "1"];
        if all_features {
            arguments.push("--all-features");
        }
        let text = workspace.cargo(arguments).read()?;
        serde_json::from_str(&text).context("cargo metadata changed its form")
    }

    /// The packages of this repository.
    pub(crate) fn members(&self) -> impl Iterator<Item = &Package> {
        self.packages
            .iter()
            .filter(|package| self.workspace_members.contains(&package.id))
    }

    /// Names of the packages that use `id` in the resolved graph.
    pub(crate) fn users_of(&self, id: &str) -> BTreeSet<&str> {
        let nodes = self.resolve.iter().flat_map(|resolve| &resolve.nodes);
        nodes
            .filter(|node| node.dependencies.iter().any(|used| used == id))
            .filter_map(|node| self.packages.iter().find(|package| package.id == node.id))
            .map(|package| package.name.as_str())
            .collect()
    }

    /// Ids of every package that the resolved graph reaches.
    pub(crate) fn reached(&self) -> BTreeSet<&str> {
        self.resolve
            .iter()
            .flat_map(|resolve| &resolve.nodes)
            .map(|node| node.id.as_str())
            .collect()
    }
}

/// Small hand-made graphs for the tests of the checks.
#[cfg(test)]
pub(crate) mod testing {
    use super::*;

    /// A member of the workspace with ordinary dependencies.
    pub(crate) fn member(name: &str, uses: &[&str]) -> Package {
        Package {
            id: format!("path+{name}"),
            name: name.into(),
            version: "0.1.0".into(),
            license: Some("Apache-2.0".into()),
            source: None,
            dependencies: uses
                .iter()
                .map(|used| Dependency {
                    name: (*used).into(),
                    kind: None,
                    optional: false,
                })
                .collect(),
            features: BTreeMap::new(),
        }
    }

    /// A package of the registry.
    pub(crate) fn foreign(name: &str, license: Option<&str>) -> Package {
        Package {
            license: license.map(Into::into),
            source: Some("registry+https://github.com/rust-lang/crates.io-index".into()),
            id: format!("registry+{name}"),
            ..member(name, &[])
        }
    }

    /// A graph in which every package uses those of its declared dependencies
    /// that are part of it.
    pub(crate) fn graph(packages: Vec<Package>) -> Metadata {
        let nodes = packages
            .iter()
            .map(|package| Node {
                id: package.id.clone(),
                dependencies: packages
                    .iter()
                    .filter(|other| package.dependencies.iter().any(|d| d.name == other.name))
                    .map(|other| other.id.clone())
                    .collect(),
            })
            .collect();
        Metadata {
            workspace_members: packages
                .iter()
                .filter(|package| package.source.is_none())
                .map(|package| package.id.clone())
                .collect(),
            packages,
            resolve: Some(Resolve { nodes }),
        }
    }
}
