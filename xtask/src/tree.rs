//! The files of the repository that people wrote: what the source checks walk.
//!
//! Build output, generated code and vendored assets are left out, by the names
//! of their folders, so that the checks also work outside a git checkout.

use std::{
    fs,
    path::{Path, PathBuf},
};

use anyhow::Context;

/// Folders that hold nothing written here.
const SKIPPED: &[&str] = &[
    "target",
    "node_modules",
    "generated",
    "vendor",
    "build",
    "DerivedData",
    "__pycache__",
];

/// One file: where it is, relative to the root and with `/`, and its text.
#[derive(Debug, Clone)]
pub(crate) struct File {
    /// Path relative to the root of the repository, always with `/`.
    pub(crate) path: String,
    /// The whole text.
    pub(crate) text: String,
}

impl File {
    /// The ending of the file name, without the dot.
    pub(crate) fn extension(&self) -> &str {
        Path::new(&self.path)
            .extension()
            .and_then(|ending| ending.to_str())
            .unwrap_or_default()
    }

    /// Whether the file lies in `folder` (relative, without a slash at the end).
    pub(crate) fn is_under(&self, folder: &str) -> bool {
        self.path
            .strip_prefix(folder)
            .is_some_and(|rest| rest.starts_with('/'))
    }
}

/// Reads every text file below `root` whose ending is in `endings`.
pub(crate) fn read(root: &Path, endings: &[&str]) -> anyhow::Result<Vec<File>> {
    let mut found = Vec::new();
    walk(root, &mut found)?;
    found.sort();
    let mut files = Vec::new();
    for path in found {
        let ending = path
            .extension()
            .and_then(|ending| ending.to_str())
            .unwrap_or_default();
        if !endings.contains(&ending) {
            continue;
        }
        let bytes = fs::read(&path).with_context(|| format!("reading {}", path.display()))?;
        let relative = path.strip_prefix(root).unwrap_or(&path);
        let relative: Vec<_> = relative
            .components()
            .map(|part| part.as_os_str().to_string_lossy())
            .collect();
        files.push(File {
            path: relative.join("/"),
            text: String::from_utf8_lossy(&bytes).into_owned(),
        });
    }
    Ok(files)
}

fn walk(folder: &Path, found: &mut Vec<PathBuf>) -> anyhow::Result<()> {
    let entries =
        fs::read_dir(folder).with_context(|| format!("reading folder {}", folder.display()))?;
    for entry in entries {
        let entry = entry.with_context(|| format!("reading folder {}", folder.display()))?;
        let name = entry.file_name();
        let name = name.to_string_lossy();
        // A file may vanish between listing and asking while others build.
        let Ok(kind) = entry.file_type() else {
            continue;
        };
        if kind.is_dir() {
            let hidden = name.starts_with('.') && name != ".ci" && name != ".cargo";
            if !hidden && !SKIPPED.contains(&name.as_ref()) {
                walk(&entry.path(), found)?;
            }
        } else if kind.is_file() {
            found.push(entry.path());
        }
    }
    Ok(())
}

/// A folder that is removed at the end of a test.
#[cfg(test)]
pub(crate) mod testing {
    use std::{
        fs,
        path::{Path, PathBuf},
        sync::atomic::{AtomicU32, Ordering},
    };

    /// A folder of its own below the system's temporary folder.
    #[derive(Debug)]
    pub(crate) struct Folder(PathBuf);

    impl Folder {
        /// A new, empty folder.
        pub(crate) fn new() -> Self {
            static NEXT: AtomicU32 = AtomicU32::new(0);
            let serial = NEXT.fetch_add(1, Ordering::Relaxed);
            let name = format!("wangge-xtask-{}-{serial}", std::process::id());
            let path = std::env::temp_dir().join(name);
            fs::create_dir_all(&path).expect("the temporary folder is writable");
            Self(path)
        }

        /// Where it is.
        pub(crate) fn path(&self) -> &Path {
            &self.0
        }

        /// Writes one file, making its parent folders.
        pub(crate) fn write(&self, name: &str, text: &str) -> &Self {
            let path = self.0.join(name);
            fs::create_dir_all(path.parent().expect("it is below the folder")).expect("writable");
            fs::write(path, text).expect("writable");
            self
        }
    }

    impl Drop for Folder {
        fn drop(&mut self) {
            drop(fs::remove_dir_all(&self.0));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{testing::Folder, *};

    #[test]
    fn leaves_out_what_was_not_written_here() {
        let folder = Folder::new();
        folder
            .write("core/src/lib.rs", "a")
            .write("target/debug/x.rs", "b")
            .write("android-shell/core-rust/generated/k.kt", "c")
            .write("tests/browser/node_modules/p/i.js", "d")
            .write(".git/x.rs", "e")
            .write("core/readme.md", "f");
        let files = read(folder.path(), &["rs", "kt", "js"]).expect("readable");
        let paths: Vec<_> = files.iter().map(|file| file.path.as_str()).collect();
        assert_eq!(paths, ["core/src/lib.rs"]);
    }

    #[test]
    fn a_folder_name_that_only_begins_alike_is_another_folder() {
        let file = File {
            path: "core/src/store2/a.rs".into(),
            text: String::new(),
        };
        assert!(file.is_under("core/src"));
        assert!(!file.is_under("core/src/store"));
    }
}
