//! Faults planted for the lab are in no build that did not ask for them by
//! name; a release build with them is refused by the compiler
//! (`wangge_model::fault_point`).

use std::{fs, path::Path};

const FEATURE: &str = "planted-faults";

#[test]
fn no_crate_has_planted_faults_unless_asked() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let mut defining = 0;
    for folder in [
        "",
        "core",
        "core/model",
        "ffi",
        "sync-server",
        "tests",
        "xtask",
    ] {
        let manifest = fs::read_to_string(root.join(folder).join("Cargo.toml")).unwrap();
        let mut section = "";
        let mut in_own_list = false;
        for line in manifest.lines().map(str::trim) {
            if line.starts_with('[') {
                section = line;
            }
            let is_own = line.starts_with(&format!("{FEATURE} ="));
            if line.contains(FEATURE) && !line.starts_with('#') {
                let required = line.starts_with("required-features");
                assert!(
                    required || (section == "[features]" && (is_own || in_own_list)),
                    "{folder}/Cargo.toml: {line}"
                );
            }
            defining += u32::from(is_own);
            in_own_list = (is_own || in_own_list) && !line.ends_with(']');
        }
    }
    assert_eq!(defining, 4, "model, core, server and tests define it");
}

#[cfg(not(feature = "planted-faults"))]
#[test]
fn a_usual_build_does_not_ask_whether_a_fault_is_planted() {
    const { assert!(!wangge_model::fault_point::is_planted("anything")) };
}
