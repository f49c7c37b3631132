//! What an administrator does on the command line, done by the real commands.

use std::{
    path::{Path, PathBuf},
    process::{Command, Stdio},
    sync::atomic::{AtomicU32, Ordering},
};

use anyhow::{Context as _, bail};
use serde_json::{Value, json};
use wangge_model::{GridId, PersonId, protocol::EnrolmentLink};

use crate::server::settings;

/// Code of the street that is made with the first grid.
const STREET: &str = "370102002";
/// Code of its one community.
const COMMUNITY: &str = "370102002008";

/// How a command ended.
#[derive(Debug)]
pub struct Finished {
    /// Its exit status.
    pub status: i32,
    /// What it printed; null if that was no JSON.
    pub value: Value,
}

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

    /// Runs a command outside `admin` on these files.
    pub fn command(&self, name: &str, files: &[&Path]) -> anyhow::Result<Value> {
        self.finish(
            Command::new(&self.program)
                .args([name, "--json"])
                .args(files),
            name,
        )
    }

    /// Runs a command outside `admin` with these words.
    pub fn execute(&self, name: &str, words: &[&str]) -> anyhow::Result<Value> {
        self.finish(
            Command::new(&self.program)
                .args([name, "--json"])
                .args(words),
            name,
        )
    }

    /// Runs a command and gives back the JSON it printed.
    pub fn run(&self, arguments: &[&str]) -> anyhow::Result<Value> {
        self.finish(
            Command::new(&self.program)
                .args(["admin", "--json"])
                .args(arguments),
            &format!("admin {}", arguments.join(" ")),
        )
    }

    /// Runs a command that may end with findings or be refused; gives back its
    /// exit status and the JSON it printed, if any.
    pub fn check(&self, arguments: &[&str]) -> anyhow::Result<Finished> {
        let output = Command::new(&self.program)
            .args(["admin", "--json"])
            .args(arguments)
            .envs(settings(&self.data, self.tls))
            .stdin(Stdio::null())
            .output()
            .with_context(|| format!("running {}", self.program.display()))?;
        Ok(Finished {
            status: output.status.code().context("the command was killed")?,
            value: serde_json::from_slice(&output.stdout).unwrap_or(Value::Null),
        })
    }

    fn finish(&self, command: &mut Command, words: &str) -> anyhow::Result<Value> {
        let output = command
            .envs(settings(&self.data, self.tls))
            .stdin(Stdio::null())
            .output()
            .with_context(|| format!("running {}", self.program.display()))?;
        if !output.status.success() {
            bail!(
                "wangge {words} ended with {}: {}",
                output.status,
                String::from_utf8_lossy(&output.stderr)
            );
        }
        Ok(serde_json::from_slice(&output.stdout)?)
    }

    /// Makes a grid in the one community there is.
    pub fn create_grid(&self, name: &str) -> anyhow::Result<GridId> {
        let number = self.grids.fetch_add(1, Ordering::SeqCst) + 1;
        if number == 1 {
            let street = [
                "--level",
                "street",
                "--name",
                "千佛山街道",
                "--code",
                STREET,
            ];
            self.run(&[["node", "create"].as_slice(), &street].concat())?;
            let community = [
                "--level",
                "community",
                "--name",
                "千佛山社区",
                "--code",
                COMMUNITY,
            ];
            self.run(
                &[
                    ["node", "create", "--parent", STREET].as_slice(),
                    &community,
                ]
                .concat(),
            )?;
        }
        let code = format!("37010200200008{number:03}01");
        let grid = ["--level", "grid", "--name", name, "--code", &code];
        let made =
            self.run(&[["node", "create", "--parent", COMMUNITY].as_slice(), &grid].concat())?;
        Ok(text(&made, "id")?.parse()?)
    }

    /// Makes a person who works in a grid.
    pub fn create_worker(&self, name: &str, grid: GridId) -> anyhow::Result<PersonId> {
        let person = self.run(&[
            "person",
            "create",
            "--name",
            name,
            "--trained-on",
            "2020-01-01",
        ])?;
        let person = text(&person, "id")?;
        let grid = grid.to_string();
        self.run(&[
            "assign",
            "--person",
            person,
            "--node",
            &grid,
            "--role",
            "grid_worker",
        ])?;
        Ok(person.parse()?)
    }

    /// Makes a person who looks after the community at the console; gives back
    /// user name and password.
    pub fn create_supervisor(&self, name: &str) -> anyhow::Result<(String, String)> {
        self.create_supervisor_of(name, COMMUNITY)
    }

    /// Makes a person who looks after the whole street, and may draw its grids.
    pub fn create_street_supervisor(&self, name: &str) -> anyhow::Result<(String, String)> {
        self.create_supervisor_of(name, STREET)
    }

    fn create_supervisor_of(&self, name: &str, node: &str) -> anyhow::Result<(String, String)> {
        self.create_account(name, node, "supervisor")
    }

    /// Makes a person with a role at a place (its code) who may sign in at the
    /// console; gives back user name and password.
    pub fn create_account(
        &self,
        name: &str,
        node: &str,
        role: &str,
    ) -> anyhow::Result<(String, String)> {
        let number = self.people.fetch_add(1, Ordering::SeqCst) + 1;
        let username = format!("desk{number}");
        let person = self.run(&[
            "person",
            "create",
            "--name",
            name,
            "--username",
            &username,
            "--trained-on",
            "2020-01-01",
            "--generate-password",
        ])?;
        let id = text(&person, "id")?;
        self.run(&["assign", "--person", id, "--node", node, "--role", role])?;
        Ok((username, text(&person, "password")?.to_owned()))
    }

    /// Puts in outlines around the made-up households: the community, and its
    /// first grids side by side from west to east.
    pub fn draw_grids(&self, count: u32) -> anyhow::Result<()> {
        let rectangle = |west: f64, east: f64| {
            let (south, north) = (36.55, 36.75);
            json!([[
                [west, south],
                [east, south],
                [east, north],
                [west, north],
                [west, south]
            ]])
        };
        let feature = |code: String, west: f64, east: f64| {
            json!({
                "type": "Feature",
                "properties": { "code": code },
                "geometry": { "type": "Polygon", "coordinates": rectangle(west, east) },
            })
        };
        let (west, east) = (116.9, 117.2);
        let width = (east - west) / f64::from(count);
        let mut features = vec![feature(COMMUNITY.to_owned(), west, east)];
        for number in 0..count {
            let code = format!("37010200200008{:03}01", number + 1);
            let from = west + width * f64::from(number);
            features.push(feature(code, from, from + width));
        }
        let path = self.data.join("outlines.geojson");
        let file = json!({ "type": "FeatureCollection", "features": features });
        std::fs::write(&path, file.to_string())?;
        let path = path.display().to_string();
        self.run(&["boundary", "import", &path]).map(drop)
    }

    /// Lets somebody who has a user name switch phones off as well; who looks
    /// after a community may only propose it.
    pub fn appoint_admin(&self, username: &str) -> anyhow::Result<()> {
        let words = [
            "assign", "--person", username, "--node", COMMUNITY, "--role", "admin",
        ];
        self.run(&words).map(drop)
    }

    /// A fresh one-time link that makes a phone of this person.
    pub fn enrolment_link(&self, person: PersonId) -> anyhow::Result<EnrolmentLink> {
        let made = self.run(&[
            "enrol",
            "--person",
            &person.to_string(),
            "--server",
            &self.url,
        ])?;
        Ok(text(&made, "link")?.parse()?)
    }
}

fn text<'a>(value: &'a Value, field: &str) -> anyhow::Result<&'a str> {
    value
        .get(field)
        .and_then(Value::as_str)
        .with_context(|| format!("no {field} in {value}"))
}
