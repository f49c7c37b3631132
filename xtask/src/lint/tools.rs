//! The checks that other programs do: formatter, clippy, rustdoc, spelling.

use crate::{
    lint::Finding,
    run::{Workspace, find_program},
};

/// `rustfmt --check` over the whole workspace.
pub(super) fn format(workspace: &Workspace) -> anyhow::Result<Vec<Finding>> {
    let clean = workspace.cargo(["fmt", "--all", "--check"]).status_ok()?;
    Ok(verdict(
        clean,
        "the sources are not formatted; run `cargo xtask fmt`",
    ))
}

/// Clippy with the lint table of the root manifest; every warning fails.
pub(super) fn clippy(workspace: &Workspace) -> anyhow::Result<Vec<Finding>> {
    let arguments = [
        "clippy",
        "--quiet",
        "--workspace",
        "--all-targets",
        "--keep-going",
        "--",
        "-D",
        "warnings",
    ];
    let clean = workspace.cargo(arguments).status_ok()?;
    Ok(verdict(clean, "clippy has something to say, see above"))
}

/// The documentation builds, of private items too, with no broken link and no
/// other warning.
pub(super) fn docs(workspace: &Workspace) -> anyhow::Result<Vec<Finding>> {
    let clean = workspace
        .cargo([
            "doc",
            "--quiet",
            "--workspace",
            "--no-deps",
            "--document-private-items",
        ])
        // The documentation of private items is built too, so links to them hold.
        .env(
            "RUSTDOCFLAGS",
            "-D warnings -A rustdoc::private-intra-doc-links",
        )
        .status_ok()?;
    Ok(verdict(clean, "the documentation has warnings, see above"))
}

/// Spelling, where the program is installed.
pub(super) fn typos(workspace: &Workspace) -> anyhow::Result<Vec<Finding>> {
    if find_program("typos").is_none() {
        return Ok(vec![Finding::note(
            "spelling NOT checked: `typos` is not installed (cargo install typos-cli)",
        )]);
    }
    let clean = Workspace::program("typos", workspace.root()).status_ok()?;
    Ok(verdict(clean, "there are misspellings, see above"))
}

fn verdict(clean: bool, complaint: &str) -> Vec<Finding> {
    if clean {
        Vec::new()
    } else {
        vec![Finding::failure(complaint)]
    }
}
