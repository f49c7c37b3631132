//! The recorded files: `tests/fixtures/wire/v<N>`.
//!
//! * `world.json`: the moment, the devices with their keys, the server's secret
//!   behind challenges.
//! * `server/`: the server's data folder as that version's server left it,
//!   with the devices enrolled and nothing collected; the database compressed.
//! * `<scenario>.json`: requests in order, byte for byte as sent, with the
//!   answers as given then, and what the server must hold at the end.

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
};

use anyhow::Context as _;
use serde::{Deserialize, Serialize};

/// Everything the scenarios of a version share.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Recorded {
    /// The server's clock, in milliseconds.
    pub(crate) at: i64,
    /// Behind the session challenges.
    #[serde(with = "hex_bytes")]
    pub(crate) challenge_secret: Vec<u8>,
    /// The grid everything lies in.
    pub(crate) grid: String,
    /// The server's signing key, public.
    #[serde(with = "hex_bytes")]
    pub(crate) server_key: Vec<u8>,
    /// The phones, by name.
    pub(crate) devices: BTreeMap<String, RecordedDevice>,
}

/// A phone that was enrolled before the recording.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct RecordedDevice {
    pub(crate) id: String,
    /// Its signing key: of a phone that never was.
    #[serde(with = "hex_bytes")]
    pub(crate) key: Vec<u8>,
    pub(crate) token: String,
}

/// Requests that belong together.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Scenario {
    pub(crate) name: String,
    pub(crate) says: String,
    pub(crate) steps: Vec<Step>,
    /// What the server holds at the end.
    pub(crate) effect: Effect,
}

/// One request and its answer then.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Step {
    pub(crate) says: String,
    pub(crate) method: String,
    pub(crate) path: String,
    /// Whose session; none for requests without.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) as_device: Option<String>,
    /// As sent; empty for GET.
    #[serde(with = "hex_bytes")]
    pub(crate) body: Vec<u8>,
    pub(crate) status: u16,
    #[serde(with = "hex_bytes")]
    pub(crate) answer: Vec<u8>,
}

/// What a server holds, as far as people entered it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Effect {
    /// Records, by id: fields as people read them, and how many fields have
    /// more than one value.
    pub(crate) records: BTreeMap<String, RecordEffect>,
    /// Changes kept apart, by reason.
    pub(crate) kept_apart: BTreeMap<String, u64>,
}

/// One record.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct RecordEffect {
    pub(crate) kind: String,
    pub(crate) fields: BTreeMap<String, String>,
    pub(crate) conflicts: BTreeMap<String, Vec<String>>,
}

/// The folder of a version.
pub(crate) fn folder(version: u32) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("fixtures/wire/v{version}"))
}

/// What the scenarios of a version share.
pub(crate) fn load_recorded(version: u32) -> anyhow::Result<Recorded> {
    let path = folder(version).join("world.json");
    let text = fs::read(&path).with_context(|| format!("reading {}", path.display()))?;
    Ok(serde_json::from_slice(&text)?)
}

/// Every scenario of a version, by name.
pub(crate) fn load_scenarios(version: u32) -> anyhow::Result<Vec<Scenario>> {
    let folder = folder(version);
    let mut paths = Vec::new();
    for entry in fs::read_dir(&folder).with_context(|| format!("reading {}", folder.display()))? {
        let path = entry?.path();
        let is_json = path
            .extension()
            .is_some_and(|extension| extension == "json");
        if is_json && path.file_stem().is_some_and(|stem| stem != "world") {
            paths.push(path);
        }
    }
    paths.sort();
    paths
        .into_iter()
        .map(|path| Ok(serde_json::from_slice(&fs::read(path)?)?))
        .collect()
}

/// Writes one file of a version.
pub(crate) fn store<T: Serialize>(version: u32, name: &str, what: &T) -> anyhow::Result<()> {
    let mut text = serde_json::to_string_pretty(what)?;
    text.push('\n');
    Ok(fs::write(
        folder(version).join(format!("{name}.json")),
        text,
    )?)
}

/// Bytes as hexadecimal text.
mod hex_bytes {
    use serde::{Deserialize as _, Deserializer, Serializer, de::Error as _};

    pub(super) fn serialize<S: Serializer>(bytes: &[u8], to: S) -> Result<S::Ok, S::Error> {
        to.serialize_str(&hex::encode(bytes))
    }

    pub(super) fn deserialize<'d, D: Deserializer<'d>>(from: D) -> Result<Vec<u8>, D::Error> {
        let text = String::deserialize(from)?;
        hex::decode(text).map_err(D::Error::custom)
    }
}
