//! `cargo xtask new migration`: the next numbered file of a database.
//!
//! A migration that shipped is never edited; a fix is the next number.

use std::{
    fs,
    path::{Path, PathBuf},
};

use anyhow::{Context, bail};
use clap::{Args, ValueEnum};

use crate::run::Workspace;

/// What to create.
#[derive(Debug, Args)]
pub(crate) struct MigrationArguments {
    /// Whose database changes.
    #[arg(long, short = 's')]
    store: Store,
    /// What it does, in words joined by `_`, for example `add_household_labels`.
    name: String,
}

/// A database with numbered migrations.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Store {
    /// The encrypted SQLite file of one device.
    Phone,
    /// The server; one file of the same name per kind of database.
    Server,
}

impl Store {
    /// The folders that get a file of the same name.
    fn folders(self, workspace: &Workspace) -> anyhow::Result<Vec<PathBuf>> {
        match self {
            Self::Phone => Ok(vec![workspace.path("core/src/store/migrations")]),
            Self::Server => {
                let parent = workspace.path("sync-server/migrations");
                let mut dialects = subfolders(&parent)?;
                if dialects.is_empty() {
                    dialects.push(parent);
                }
                Ok(dialects)
            }
        }
    }
}

/// Creates the file or files and prints their paths.
pub(crate) fn create(workspace: &Workspace, arguments: &MigrationArguments) -> anyhow::Result<()> {
    for path in create_in(&arguments.store.folders(workspace)?, &arguments.name)? {
        println!(
            "{}",
            path.strip_prefix(workspace.root())
                .unwrap_or(&path)
                .display()
        );
    }
    println!("Now list it in the code beside the others; the migration tests say if you forget.");
    Ok(())
}

fn create_in(folders: &[PathBuf], name: &str) -> anyhow::Result<Vec<PathBuf>> {
    let valid = name.starts_with(|c: char| c.is_ascii_lowercase())
        && name
            .chars()
            .all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_');
    if !valid {
        bail!("`{name}`: use lower-case words joined by `_`, such as add_household_labels");
    }
    // One number for all dialects: the highest that any of them has.
    let mut last = 0;
    for folder in folders {
        last = last.max(highest_number(folder)?);
    }
    let mut created = Vec::new();
    for folder in folders {
        let path = folder.join(format!("{:04}_{name}.sql", last + 1));
        fs::write(&path, "-- Why: \n").with_context(|| format!("writing {}", path.display()))?;
        created.push(path);
    }
    Ok(created)
}

/// The highest number a migration of the folder has; 0 if there is none.
fn highest_number(folder: &Path) -> anyhow::Result<u32> {
    let mut highest = 0;
    let entries = fs::read_dir(folder).with_context(|| format!("reading {}", folder.display()))?;
    for entry in entries {
        let name = entry?.file_name();
        let number = name
            .to_str()
            .and_then(|name| name.split('_').next()?.parse().ok());
        highest = highest.max(number.unwrap_or(0));
    }
    Ok(highest)
}

fn subfolders(parent: &Path) -> anyhow::Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    let entries = fs::read_dir(parent).with_context(|| format!("reading {}", parent.display()))?;
    for entry in entries {
        let path = entry?.path();
        if path.is_dir() {
            found.push(path);
        }
    }
    found.sort();
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tree::testing::Folder;

    #[test]
    fn all_dialects_get_the_same_next_number() {
        let root = Folder::new();
        root.write("sync-server/migrations/sqlite/0001_initial.sql", "")
            .write("sync-server/migrations/sqlite/0002_more.sql", "")
            .write("sync-server/migrations/postgres/0001_initial.sql", "");
        let workspace = Workspace::at(root.path());
        let folders = Store::Server
            .folders(&workspace)
            .expect("the folders exist");
        let created = create_in(&folders, "add_labels").expect("writable");
        assert_eq!(created.len(), 2);
        assert!(
            created
                .iter()
                .all(|path| path.ends_with("0003_add_labels.sql")),
            "{created:?}"
        );
    }

    #[test]
    fn a_store_of_one_dialect_has_one_file() {
        let root = Folder::new();
        root.write("core/src/store/migrations/0009_last.sql", "");
        let workspace = Workspace::at(root.path());
        let folders = Store::Phone.folders(&workspace).expect("the folder exists");
        let created = create_in(&folders, "next").expect("writable");
        assert!(
            created.iter().all(|path| path.ends_with("0010_next.sql")),
            "{created:?}"
        );
    }

    #[test]
    fn refuses_a_name_that_is_no_file_name() {
        for name in ["", "Add", "a b", "../x", "1st"] {
            assert!(create_in(&[], name).is_err(), "{name}");
        }
    }
}
