//! `cargo xtask bindings`: the Kotlin and Swift sides of `wangge-ffi`.
//!
//! Both are read out of the library that the host's debug build made; they do
//! not depend on the processor, so no phone toolchain is needed. They are never
//! committed. docs/shells.md tells what the shells do with them.

use std::{fs, path::Path};

use anyhow::{Context, bail};
use clap::ValueEnum;

use crate::run::Workspace;

/// A language of a phone shell.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Language {
    /// For android-shell.
    Kotlin,
    /// For ios-shell.
    Swift,
}

/// Where the Kotlin sources go.
const KOTLIN: &str = "android-shell/core-rust/generated/kotlin";
/// Where the Swift sources go.
const SWIFT: &str = "ios-shell/generated/swift/WanggeCore";
/// Where the C header and its module map go; the Linux build imports them.
const SWIFT_HEADERS: &str = "ios-shell/generated/swift/wangge_ffiFFI";

/// Builds the library and the generators, then generates.
pub(crate) fn generate(workspace: &Workspace, language: Language) -> anyhow::Result<()> {
    workspace
        .cargo(["build", "-p", "wangge-ffi", "-p", "uniffi-bindgen"])
        .must()?;
    generate_from_built(workspace, language)
}

/// Generates from what is in the debug folder already.
pub(crate) fn generate_from_built(workspace: &Workspace, language: Language) -> anyhow::Result<()> {
    let debug = workspace.target().join("debug");
    let library = library_in(&debug)?;
    match language {
        Language::Kotlin => {
            let out = fresh(workspace, KOTLIN)?;
            let arguments = [
                "generate",
                &library,
                "--language",
                "kotlin",
                "--no-format",
                "--out-dir",
            ];
            Workspace::program(debug.join("uniffi-bindgen"), workspace.root())
                .args(arguments)
                .args([out])
                .must()
        }
        Language::Swift => {
            let sources = fresh(workspace, SWIFT)?;
            let headers = fresh(workspace, SWIFT_HEADERS)?;
            let module = [
                "--modulemap",
                "--module-name",
                "wangge_ffiFFI",
                "--modulemap-filename",
                "module.modulemap",
            ];
            let generator = || {
                Workspace::program(debug.join("uniffi-bindgen-swift"), workspace.root())
                    .args([&library])
            };
            generator().args([&sources, "--swift-sources"]).must()?;
            generator().args([&headers, "--headers"]).must()?;
            generator().args([&headers]).args(module).must()
        }
    }
}

/// The library by the name it has on this system.
fn library_in(debug: &Path) -> anyhow::Result<String> {
    let names = ["libwangge_ffi.so", "libwangge_ffi.dylib", "wangge_ffi.dll"];
    match names
        .iter()
        .map(|name| debug.join(name))
        .find(|path| path.is_file())
    {
        Some(path) => Ok(path.to_string_lossy().into_owned()),
        None => bail!(
            "{} holds no wangge_ffi library; was it built?",
            debug.display()
        ),
    }
}

/// An empty folder, so that a type that was removed does not live on.
fn fresh(workspace: &Workspace, relative: &str) -> anyhow::Result<String> {
    let folder = workspace.path(relative);
    if folder.exists() {
        fs::remove_dir_all(&folder).with_context(|| format!("clearing {}", folder.display()))?;
    }
    fs::create_dir_all(&folder).with_context(|| format!("creating {}", folder.display()))?;
    Ok(folder.to_string_lossy().into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tree::testing::Folder;

    #[test]
    fn a_folder_to_generate_into_begins_empty() {
        let root = Folder::new();
        root.write("out/old.kt", "class Removed");
        let folder = fresh(&Workspace::at(root.path()), "out").expect("writable");
        assert_eq!(fs::read_dir(folder).expect("it exists").count(), 0);
    }

    #[test]
    fn says_where_it_looked_for_the_library() {
        let root = Folder::new();
        let error = library_in(root.path()).expect_err("nothing was built");
        assert!(error.to_string().contains("wangge_ffi"), "{error}");
    }
}
