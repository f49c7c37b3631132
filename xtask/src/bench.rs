//! `cargo xtask bench`: builds the server and the benchmark program as shipped,
//! then runs the benchmark with whatever arguments follow.

use crate::run::Workspace;

/// Builds and runs; what the benchmark prints goes straight through.
pub(crate) fn run(workspace: &Workspace, rest: &[String]) -> anyhow::Result<bool> {
    let release = workspace.target().join("release");
    let build = [
        "build",
        "--release",
        "--quiet",
        "-p",
        "wangge-server",
        "-p",
        "wangge-tests",
        "--bins",
    ];
    workspace.cargo(build).quietly().must()?;
    // With `--json` the last thing on standard output must be the JSON alone,
    // so nothing is announced here.
    Workspace::program(release.join("bench"), workspace.root())
        .args(rest)
        .env("WANGGE_BIN", release.join("wangge"))
        .quietly()
        .status_ok()
}
