//! Communities and the names above them, from the table of divisions.

use std::{
    collections::BTreeMap,
    fs::File,
    io::{BufRead, BufReader},
    path::{Path, PathBuf},
};

use rand::{RngExt as _, SeedableRng as _};
use rand_chacha::ChaCha8Rng;

use super::GenerateError;
use crate::import::read_division_names;

/// Lixia district of Jinan (NBS, 2023), built in.
const BUNDLED: &str = include_str!("../../data/divisions-demo.csv");
/// Digits of a community's code and of a county's.
const COMMUNITY: usize = 12;
const COUNTY: usize = 6;
/// Communities the smallest usable county has for each eight grids.
const GRIDS_OF_COMMUNITY: usize = 8;

/// Names by code.
#[derive(Debug)]
pub(super) struct Table {
    names: BTreeMap<String, String>,
}

impl Table {
    /// Reads files of divisions; without any, the built-in one.
    pub(super) fn read(files: &[PathBuf]) -> Result<Self, GenerateError> {
        let mut table = Self {
            names: BTreeMap::new(),
        };
        if files.is_empty() {
            table.take(BUNDLED.as_bytes(), Path::new("divisions-demo.csv"))?;
        }
        for path in files {
            let file = File::open(path).map_err(|source| GenerateError::File {
                path: path.clone(),
                source,
            })?;
            table.take(BufReader::new(file), path)?;
        }
        Ok(table)
    }

    fn take(&mut self, source: impl BufRead, path: &Path) -> Result<(), GenerateError> {
        let names = read_division_names(source).map_err(|source| GenerateError::File {
            path: path.to_owned(),
            source,
        })?;
        self.names.extend(names);
        Ok(())
    }

    /// A division's name, or its code where no file names it.
    pub(super) fn name(&self, code: &str) -> String {
        self.names.get(code).map_or(code, String::as_str).to_owned()
    }

    /// The communities of one county: the one asked for, or one with enough
    /// communities for so many grids, chosen by the seed.
    pub(super) fn communities(
        &self,
        county: Option<&str>,
        grids: usize,
        seed: u64,
    ) -> Vec<(String, String)> {
        let mut counties: BTreeMap<&str, Vec<(String, String)>> = BTreeMap::new();
        for (code, name) in &self.names {
            // A stand-in for a county without parts is no community.
            let is_community = code.len() == COMMUNITY && !code.ends_with("000");
            if let (true, Some(county)) = (is_community, code.get(..COUNTY)) {
                counties
                    .entry(county)
                    .or_default()
                    .push((code.clone(), name.clone()));
            }
        }
        if let Some(county) = county {
            return counties.remove(county).unwrap_or_default();
        }
        let needed = grids.div_ceil(GRIDS_OF_COMMUNITY);
        let most = counties.values().map(Vec::len).max().unwrap_or(0);
        let mut fitting: Vec<Vec<(String, String)>> = counties
            .into_values()
            .filter(|communities| communities.len() >= needed.min(most))
            .collect();
        if fitting.is_empty() {
            return Vec::new();
        }
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        fitting.swap_remove(rng.random_range(0..fitting.len()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_built_in_table_has_a_county_with_room_for_a_district() {
        let table = Table::read(&[]).unwrap();
        let communities = table.communities(None, 708, 1);
        assert!(communities.len() >= 89, "{}", communities.len());
        assert_eq!(table.name("370102"), "历下区");
        assert_eq!(table.name("370199"), "370199");
        assert_eq!(table.communities(Some("370103"), 1, 1), []);
    }
}
