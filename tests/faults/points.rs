//! Which planted faults and fail points there are is read out of the sources, so
//! that a new one is missed by nobody.

use std::{collections::BTreeSet, fs, path::Path};

/// Every name that the sources below this folder pass to this function.
pub(crate) fn names(function: &str) -> BTreeSet<String> {
    let begin = format!("{function}(\"");
    all(
        &["core/src", "core/model/src", "sync-server/src"],
        &begin,
        '"',
    )
}

/// Every word that follows this beginning in the sources of phone and server.
pub(crate) fn words(begin: &str) -> BTreeSet<String> {
    all(&["core/src", "sync-server/src"], begin, ')')
}

fn all(folders: &[&str], begin: &str, end: char) -> BTreeSet<String> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let mut names = BTreeSet::new();
    for folder in folders {
        collect(&root.join(folder), begin, end, &mut names);
    }
    names
}

fn collect(folder: &Path, begin: &str, end: char, names: &mut BTreeSet<String>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            collect(&path, begin, end, names);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            let text = fs::read_to_string(&path).unwrap();
            for rest in text.split(begin).skip(1) {
                names.insert(rest.split(end).next().unwrap().to_owned());
            }
        }
    }
}
