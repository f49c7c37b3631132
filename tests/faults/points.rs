//! The list of planted faults is read out of the sources, so that a new one is
//! missed by nobody.

use std::{collections::BTreeSet, fs, path::Path};

/// Every name that the sources below this folder pass to this function.
pub(crate) fn names(function: &str) -> BTreeSet<String> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let mut names = BTreeSet::new();
    for folder in ["core/src", "core/model/src", "sync-server/src"] {
        collect(&root.join(folder), function, &mut names);
    }
    names
}

fn collect(folder: &Path, function: &str, names: &mut BTreeSet<String>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            collect(&path, function, names);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            let text = fs::read_to_string(&path).unwrap();
            let begin = format!("{function}(\"");
            for rest in text.split(&begin).skip(1) {
                names.insert(rest.split('"').next().unwrap().to_owned());
            }
        }
    }
}
