//! Running other programs: where the workspace is, how a child process is
//! started, and how its output is both shown and kept for the parsers.

use std::{
    ffi::OsStr,
    io::{BufRead, BufReader, Read},
    path::{Path, PathBuf},
    process::{Command, Stdio},
    sync::{Arc, Mutex, PoisonError},
    thread,
};

use anyhow::{Context, bail};

/// The root folder of the repository.
#[derive(Debug, Clone)]
pub(crate) struct Workspace {
    root: PathBuf,
}

impl Workspace {
    /// The workspace this program was built from.
    pub(crate) fn locate() -> anyhow::Result<Self> {
        // Cargo sets the variable at run time too, which stays right when the
        // repository is moved together with its target folder.
        let manifest = std::env::var_os("CARGO_MANIFEST_DIR")
            .map_or_else(|| PathBuf::from(env!("CARGO_MANIFEST_DIR")), PathBuf::from);
        let root = manifest
            .parent()
            .context("xtask has no parent folder")?
            .to_path_buf();
        if !root.join("Cargo.toml").is_file() {
            bail!("{} is not the root of the workspace", root.display());
        }
        Ok(Self { root })
    }

    /// A workspace at any folder, for tests of the checks.
    #[cfg(test)]
    pub(crate) fn at(root: &Path) -> Self {
        Self {
            root: root.to_path_buf(),
        }
    }

    /// The root folder.
    pub(crate) fn root(&self) -> &Path {
        &self.root
    }

    /// A path below the root.
    pub(crate) fn path(&self, relative: &str) -> PathBuf {
        self.root.join(relative)
    }

    /// Where cargo puts what it builds.
    pub(crate) fn target(&self) -> PathBuf {
        std::env::var_os("CARGO_TARGET_DIR")
            .map_or_else(|| self.path("target"), |folder| self.root.join(folder))
    }

    /// A cargo command in the root folder, by the same cargo that runs us.
    pub(crate) fn cargo<I, S>(&self, arguments: I) -> Job
    where
        I: IntoIterator<Item = S>,
        S: AsRef<OsStr>,
    {
        let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
        Job::new(cargo, &self.root).args(arguments)
    }

    /// Any other program, started in `folder`.
    pub(crate) fn program(program: impl AsRef<OsStr>, folder: &Path) -> Job {
        Job::new(program, folder)
    }
}

/// One child process to be started.
#[derive(Debug)]
pub(crate) struct Job {
    command: Command,
    shown: String,
    is_announced: bool,
}

/// What a finished child process left behind.
#[derive(Debug)]
pub(crate) struct Outcome {
    /// Whether it exited with status 0.
    pub(crate) success: bool,
    /// How it ended, in words.
    pub(crate) status: String,
    /// Its standard output and standard error, line by line as they came.
    pub(crate) output: String,
}

impl Job {
    fn new(program: impl AsRef<OsStr>, folder: &Path) -> Self {
        let mut command = Command::new(program.as_ref());
        command.current_dir(folder);
        // `cargo run` describes this crate to us; a child cargo must not take
        // that description for its own and rebuild things because of it.
        for (name, _) in std::env::vars_os() {
            if name.to_str().is_some_and(describes_this_crate) {
                command.env_remove(name);
            }
        }
        let shown = Path::new(program.as_ref())
            .file_name()
            .unwrap_or(program.as_ref())
            .to_string_lossy()
            .into_owned();
        Self {
            command,
            shown,
            is_announced: true,
        }
    }

    /// Adds arguments.
    pub(crate) fn args<I, S>(mut self, arguments: I) -> Self
    where
        I: IntoIterator<Item = S>,
        S: AsRef<OsStr>,
    {
        for argument in arguments {
            self.shown.push(' ');
            self.shown.push_str(&argument.as_ref().to_string_lossy());
            self.command.arg(argument);
        }
        self
    }

    /// Sets one environment variable of the child.
    pub(crate) fn env(mut self, name: &str, value: impl AsRef<OsStr>) -> Self {
        self.command.env(name, value);
        self
    }

    /// Does not announce the command, so that only its own output is printed.
    pub(crate) fn quietly(mut self) -> Self {
        self.is_announced = false;
        self
    }

    /// Runs it with our own output; `Ok(false)` when it ran and failed.
    pub(crate) fn status_ok(mut self) -> anyhow::Result<bool> {
        if self.is_announced {
            println!("$ {}", self.shown);
        }
        let status = self
            .command
            .status()
            .with_context(|| format!("could not start `{}`", self.shown))?;
        Ok(status.success())
    }

    /// Runs it with our own output and fails when it fails.
    pub(crate) fn must(self) -> anyhow::Result<()> {
        let shown = self.shown.clone();
        if self.status_ok()? {
            Ok(())
        } else {
            bail!("`{shown}` failed")
        }
    }

    /// Runs it silently and returns its standard output.
    pub(crate) fn read(mut self) -> anyhow::Result<String> {
        let output = self
            .command
            .stdin(Stdio::null())
            .output()
            .with_context(|| format!("could not start `{}`", self.shown))?;
        if !output.status.success() {
            let reason = String::from_utf8_lossy(&output.stderr);
            bail!("`{}` failed: {}", self.shown, reason.trim());
        }
        String::from_utf8(output.stdout).with_context(|| format!("`{}` is not text", self.shown))
    }

    /// Runs it and keeps what it prints on its standard output; its standard
    /// error is shown.
    pub(crate) fn capture(mut self) -> anyhow::Result<Outcome> {
        let output = self
            .command
            .stdin(Stdio::null())
            .stderr(Stdio::inherit())
            .output()
            .with_context(|| format!("could not start `{}`", self.shown))?;
        Ok(Outcome {
            success: output.status.success(),
            status: output.status.to_string(),
            output: String::from_utf8_lossy(&output.stdout).into_owned(),
        })
    }

    /// Runs it, shows its output as it comes and keeps it.
    pub(crate) fn tee(mut self) -> anyhow::Result<Outcome> {
        println!("$ {}", self.shown);
        let mut child = self
            .command
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .with_context(|| format!("could not start `{}`", self.shown))?;
        let kept = Arc::new(Mutex::new(String::new()));
        let readers: Vec<_> = [
            child
                .stdout
                .take()
                .map(|pipe| copy_lines(pipe, Arc::clone(&kept))),
            child
                .stderr
                .take()
                .map(|pipe| copy_lines(pipe, Arc::clone(&kept))),
        ]
        .into_iter()
        .flatten()
        .collect();
        for reader in readers {
            // A reader only ends early if its thread panicked; the exit status
            // below still tells the truth about the child.
            drop(reader.join());
        }
        let status = child
            .wait()
            .with_context(|| format!("lost `{}`", self.shown))?;
        let output = kept.lock().unwrap_or_else(PoisonError::into_inner).clone();
        Ok(Outcome {
            success: status.success(),
            status: status.to_string(),
            output,
        })
    }
}

fn describes_this_crate(name: &str) -> bool {
    [
        "CARGO_PKG_",
        "CARGO_MANIFEST_",
        "CARGO_BIN_",
        "CARGO_CRATE_",
    ]
    .iter()
    .any(|prefix| name.starts_with(prefix))
}

fn copy_lines(
    pipe: impl Read + Send + 'static,
    kept: Arc<Mutex<String>>,
) -> thread::JoinHandle<()> {
    thread::spawn(move || {
        let mut reader = BufReader::new(pipe);
        let mut bytes = Vec::new();
        // Read bytes, not `lines()`: a test may print what is not UTF-8.
        while reader
            .read_until(b'\n', &mut bytes)
            .is_ok_and(|count| count > 0)
        {
            let line = String::from_utf8_lossy(&bytes);
            let line = line.trim_end_matches(['\r', '\n']);
            println!("{line}");
            let mut kept = kept.lock().unwrap_or_else(PoisonError::into_inner);
            kept.push_str(line);
            kept.push('\n');
            bytes.clear();
        }
    })
}

/// The full path of a program found on `PATH`.
pub(crate) fn find_program(name: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH")?;
    std::env::split_paths(&path)
        .map(|folder| folder.join(name))
        .find(|file| file.is_file())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keeps_both_streams_of_a_child_and_its_status() {
        let script = "echo out; echo err >&2; exit 3";
        let outcome = Workspace::program("sh", Path::new("."))
            .args(["-c", script])
            .tee()
            .expect("sh runs");
        assert!(!outcome.success);
        assert!(outcome.status.contains('3'), "{}", outcome.status);
        let mut lines: Vec<_> = outcome.output.lines().collect();
        lines.sort_unstable();
        assert_eq!(lines, ["err", "out"]);
    }

    #[test]
    fn says_which_program_could_not_be_started() {
        let error = Workspace::program("no-such-program-here", Path::new("."))
            .read()
            .expect_err("there is no such program");
        assert!(
            error.to_string().contains("no-such-program-here"),
            "{error}"
        );
    }

    #[test]
    fn hides_the_description_of_this_crate_from_children() {
        let seen = Workspace::program("sh", Path::new("."))
            .args(["-c", "echo \"[$CARGO_PKG_NAME]\""])
            .read()
            .expect("sh runs");
        assert_eq!(seen.trim(), "[]");
    }

    #[test]
    fn finds_programs_only_where_they_are() {
        assert!(find_program("sh").is_some());
        assert!(find_program("no-such-program-here").is_none());
    }
}
