//! What an administrator does on the command line, done by the real commands.

use std::{
    path::{Path, PathBuf},
    process::{Command, Stdio},
    sync::atomic::{AtomicU32, Ordering},
};

use anyhow::{Context as _, bail};
use wangge_model::{GridId, PersonId, protocol::EnrolmentLink};

use crate::server::settings;

/// Runs `wangge admin` on a server's data folder.
#[derive(Debug)]
pub struct Admin {
    program: PathBuf,
    data: PathBuf,
    url: String,
    tls: bool,
    grids: AtomicU32,
    people: AtomicU32,
}

impl Admin {
    pub(crate) fn new(program: &Path, data: &Path, url: &str, tls: bool) -> Self {
        Self {
            program: program.to_path_buf(),
            data: data.to_path_buf(),
            url: url.to_owned(),
            tls,
            grids: AtomicU32::new(0),
            people: AtomicU32::new(0),
        }
    }

    /// Runs a command and gives back what it printed.
    pub fn run(&self, arguments: &[&str]) -> anyhow::Result<String> {
        let output = Command::new(&self.program)
            .arg("admin")
            .args(arguments)
            .envs(settings(&self.data, self.tls))
            .stdin(Stdio::null())
            .output()
            .with_context(|| format!("running {}", self.program.display()))?;
        if !output.status.success() {
            bail!(
                "wangge admin {} ended with {}: {}",
                arguments.join(" "),
                output.status,
                String::from_utf8_lossy(&output.stderr)
            );
        }
        Ok(String::from_utf8(output.stdout)?)
    }

    /// Makes a grid in a community of its own street.
    pub fn create_grid(&self, name: &str) -> anyhow::Result<GridId> {
        let number = self.grids.fetch_add(1, Ordering::SeqCst) + 1;
        let _ = (name, number);
        bail!("not known yet")
    }

    /// Makes a person who works in a grid.
    pub fn create_worker(&self, name: &str, grid: GridId) -> anyhow::Result<PersonId> {
        let number = self.people.fetch_add(1, Ordering::SeqCst) + 1;
        let _ = (name, number, grid);
        bail!("not known yet")
    }

    /// A fresh one-time link that makes a phone of this person.
    pub fn enrolment_link(&self, person: PersonId) -> anyhow::Result<EnrolmentLink> {
        let _ = (person, &self.url);
        bail!("not known yet")
    }
}
