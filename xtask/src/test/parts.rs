//! How each part is prepared and run, and what it needs to be there.

use std::{
    fs,
    path::{Path, PathBuf},
};

use anyhow::{Context, bail};

use super::{Part, Report, Tally, cargo_output, node_output, surefire, swift_output};
use crate::{
    bindings::{self, Language},
    run::{Job, Outcome, Workspace, find_program},
};

const ANDROID: &str = "android-shell";
const IOS: &str = "ios-shell";
const NODE: &str = "tests/interop-js";
const BROWSER: &str = "tests/browser";

/// Builds, once for all parts, the library, the generators and the program.
///
/// The whole workspace in one go: cargo then settles the features of shared
/// dependencies as `cargo test` does, and compiles them once.
pub(super) fn build(workspace: &Workspace) -> Result<(), String> {
    let build = ["build", "--workspace", "--exclude", "xtask"];
    workspace
        .cargo(build)
        .must()
        .map_err(|error| format!("{error:#}"))
}

/// Runs one part.
pub(super) fn run(
    part: Part,
    workspace: &Workspace,
    built: &Result<(), String>,
) -> anyhow::Result<Report> {
    if part != Part::Rust
        && let Err(reason) = built
    {
        bail!("{reason}");
    }
    match part {
        Part::Rust => rust(workspace),
        Part::Jvm => jvm(workspace),
        Part::Swift => swift(workspace),
        Part::Node => node(workspace, NODE),
        Part::Browser => browser(workspace),
    }
}

fn rust(workspace: &Workspace) -> anyhow::Result<Report> {
    let job = with_built(
        workspace,
        workspace.cargo(["test", "--workspace", "--no-fail-fast"]),
    );
    let outcome = job.tee()?;
    let mut tally = cargo_output::count(&outcome.output);
    // Fail points and planted faults are in no other build.
    let faults = [
        "test",
        "-p",
        "wangge-tests",
        "--features",
        "planted-faults",
        "--test",
        "faults",
    ];
    let with_faults = with_built(workspace, workspace.cargo(faults)).tee()?;
    tally += cargo_output::count(&with_faults.output);
    let problem =
        problem(&outcome, "cargo test").or_else(|| problem(&with_faults, "the planted faults"));
    Ok(Report::Ran(tally, problem))
}

fn jvm(workspace: &Workspace) -> anyhow::Result<Report> {
    let folder = required_folder(workspace, ANDROID)?;
    let (Some(mvn), Some(_)) = (find_program("mvn"), find_program("java")) else {
        return Ok(Report::Skipped(
            "Maven and a JDK of at least 17 are needed (Debian: apt install maven \
             default-jdk-headless, or .ci/install)"
                .to_owned(),
        ));
    };
    bindings::generate_from_built(workspace, Language::Kotlin)?;
    // Reports of an earlier run must not be counted.
    for reports in report_folders(&folder)? {
        fs::remove_dir_all(&reports).with_context(|| format!("clearing {}", reports.display()))?;
    }
    let job = Workspace::program(mvn, &folder)
        .args([
            "--batch-mode",
            "--no-transfer-progress",
            "--fail-at-end",
            "test",
        ])
        .args([format!(
            "-Dwangge.lib.dir={}",
            debug_folder(workspace).display()
        )]);
    let outcome = with_built(workspace, job).tee()?;
    let mut tally = Tally::default();
    for reports in report_folders(&folder)? {
        for entry in fs::read_dir(&reports)? {
            let path = entry?.path();
            if path.extension().is_some_and(|ending| ending == "xml") {
                let text = fs::read_to_string(&path)?;
                tally += surefire::count(&text)
                    .with_context(|| format!("{} is no surefire report", path.display()))?;
            }
        }
    }
    Ok(Report::Ran(tally, problem(&outcome, "mvn test")))
}

fn swift(workspace: &Workspace) -> anyhow::Result<Report> {
    let folder = required_folder(workspace, IOS)?;
    let chroot = folder.join("scripts/swift-chroot");
    let job = if let Some(swift) = find_program("swift") {
        Workspace::program(swift, &folder).args(["test"])
    } else {
        if let Some(reason) = missing_for_swift(&chroot, &folder)? {
            return Ok(Report::Skipped(reason));
        }
        Workspace::program(&chroot, &folder).args(["run", "swift", "test"])
    };
    bindings::generate_from_built(workspace, Language::Swift)?;
    let outcome = with_built(workspace, job).tee()?;
    let tally = swift_output::count(&outcome.output);
    Ok(Report::Ran(tally, problem(&outcome, "swift test")))
}

/// Why the packaged Swift system cannot be used here, if it cannot.
///
/// It is never set up from here: that takes minutes and gigabytes, which is
/// for `.ci/install` or a person to decide.
fn missing_for_swift(chroot: &Path, folder: &Path) -> anyhow::Result<Option<String>> {
    let home = Workspace::program(chroot, folder).args(["path"]).read()?;
    // The program is a link that leads somewhere only inside that system.
    let swift = Path::new(home.trim()).join("usr/bin/swift");
    if swift.symlink_metadata().is_err() {
        return Ok(Some(format!(
            "neither `swift` nor the Debian system for it is there; as root run \
             {IOS}/scripts/swift-chroot setup (or .ci/install)"
        )));
    }
    let user = Workspace::program("id", folder).args(["-u"]).read()?;
    let is_root = user.trim() == "0";
    Ok((!is_root).then(|| "the Swift system can be entered only by root".to_owned()))
}

fn browser(workspace: &Workspace) -> anyhow::Result<Report> {
    required_folder(workspace, BROWSER)?;
    if find_chromium().is_none() {
        return Ok(Report::Skipped(
            "Chromium is needed (Debian: apt install chromium, or .ci/install; \
             WANGGE_CHROMIUM names another one)"
                .to_owned(),
        ));
    }
    node(workspace, BROWSER)
}

fn node(workspace: &Workspace, folder: &str) -> anyhow::Result<Report> {
    let folder = required_folder(workspace, folder)?;
    let (Some(node), Some(npm)) = (find_program("node"), find_program("npm")) else {
        return Ok(Report::Skipped(
            "Node of at least 18 with npm is needed (Debian: apt install nodejs npm, or \
             .ci/install)"
                .to_owned(),
        ));
    };
    if needs_install(&folder) {
        Workspace::program(npm, &folder)
            .args(["ci", "--no-audit", "--no-fund"])
            .must()?;
    }
    let outcome = with_built(
        workspace,
        Workspace::program(node, &folder).args(["--test"]),
    )
    .tee()?;
    let tally = node_output::count(&outcome.output);
    Ok(Report::Ran(tally, problem(&outcome, "node --test")))
}

/// Whether the installed packages are missing or older than the lock file.
fn needs_install(folder: &Path) -> bool {
    let changed = |path: &str| fs::metadata(folder.join(path)).and_then(|data| data.modified());
    match (
        changed("node_modules/.package-lock.json"),
        changed("package-lock.json"),
    ) {
        (Ok(installed), Ok(locked)) => installed < locked,
        _ => true,
    }
}

fn find_chromium() -> Option<PathBuf> {
    if let Some(named) = std::env::var_os("WANGGE_CHROMIUM") {
        return Some(PathBuf::from(named)).filter(|path| path.is_file());
    }
    [
        "chromium",
        "chromium-browser",
        "google-chrome",
        "google-chrome-stable",
    ]
    .into_iter()
    .find_map(find_program)
}

/// Tells a test program where the built things are.
fn with_built(workspace: &Workspace, job: Job) -> Job {
    let debug = debug_folder(workspace);
    let job = match find_chromium() {
        Some(chromium) => job.env("WANGGE_CHROMIUM", chromium),
        None => job,
    };
    job.env("WANGGE_BIN", debug.join("wangge"))
        .env("WANGGE_SERVER", debug.join("wangge"))
        .env("WANGGE_FFI_DIR", &debug)
        .env("WANGGE_LIB_DIR", &debug)
}

fn debug_folder(workspace: &Workspace) -> PathBuf {
    workspace.target().join("debug")
}

/// A folder of tests that has to be there.
fn required_folder(workspace: &Workspace, relative: &str) -> anyhow::Result<PathBuf> {
    let folder = workspace.path(relative);
    if !folder.is_dir() {
        bail!("the folder {relative} with its tests is missing");
    }
    Ok(folder)
}

/// Every `target/surefire-reports` of the modules below a Maven project.
fn report_folders(project: &Path) -> anyhow::Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    let own = project.join("target/surefire-reports");
    if own.is_dir() {
        found.push(own);
    }
    for entry in fs::read_dir(project)? {
        let reports = entry?.path().join("target/surefire-reports");
        if reports.is_dir() {
            found.push(reports);
        }
    }
    Ok(found)
}

/// What to say when the program itself failed.
fn problem(outcome: &Outcome, name: &str) -> Option<String> {
    (!outcome.success).then(|| format!("`{name}` ended with {}", outcome.status))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tree::testing::Folder;

    #[test]
    fn a_missing_folder_is_a_failure_that_names_it() {
        let root = Folder::new();
        let error = run(Part::Node, &Workspace::at(root.path()), &Ok(())).expect_err("no folder");
        assert!(error.to_string().contains(NODE), "{error}");
    }

    #[test]
    fn a_failed_build_fails_the_parts_that_need_it() {
        let root = Folder::new();
        let built = Err("no compiler".to_owned());
        let error = run(Part::Jvm, &Workspace::at(root.path()), &built).expect_err("not built");
        assert!(error.to_string().contains("no compiler"), "{error}");
    }

    #[test]
    fn finds_the_reports_of_every_module() {
        let root = Folder::new();
        root.write("core-rust/target/surefire-reports/TEST-a.xml", "")
            .write("model/target/surefire-reports/TEST-b.xml", "")
            .write("app/src/Main.kt", "");
        assert_eq!(report_folders(root.path()).expect("readable").len(), 2);
    }

    #[test]
    fn packages_are_installed_when_there_are_none() {
        let root = Folder::new();
        root.write("package-lock.json", "{}");
        assert!(needs_install(root.path()));
        root.write("node_modules/.package-lock.json", "{}");
        assert!(!needs_install(root.path()));
    }
}
