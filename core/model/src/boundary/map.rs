//! The map of a community's grids as phones hold it: a reference set.

use serde::{Deserialize, Serialize};

use super::{Boundary, BoundaryError};
use crate::{GridAttribute, GridId};

/// Name of the reference set; its place is the community.
pub const GRID_MAP: &str = "grid_map";

/// The grids in use of a community that have a boundary. The server publishes it
/// whenever one changes.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct GridMap {
    /// By code.
    pub grids: Vec<MapGrid>,
}

/// One grid of the map.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct MapGrid {
    /// The grid.
    pub id: GridId,
    /// Its public code; empty: none.
    #[serde(default)]
    pub code: String,
    /// Its name.
    pub name: String,
    /// Its kind in one word; empty: unknown. A word, because a phone has to read
    /// the map also if it names a kind of tomorrow.
    #[serde(default)]
    pub attribute: String,
    /// Its boundary in the stored form, as hexadecimal digits.
    pub outline: String,
}

impl MapGrid {
    /// A grid with its boundary.
    pub fn new(
        id: GridId,
        code: String,
        name: String,
        attribute: Option<GridAttribute>,
        boundary: &Boundary,
    ) -> Self {
        Self {
            id,
            code,
            name,
            attribute: attribute.map_or("", GridAttribute::as_str).to_owned(),
            outline: hex::encode(boundary.to_bytes()),
        }
    }

    /// Its boundary.
    pub fn boundary(&self) -> Result<Boundary, BoundaryError> {
        let bytes = hex::decode(&self.outline).map_err(|_| BoundaryError::Stored)?;
        Boundary::from_bytes(&bytes)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{CoordinateSystem, boundary::testing, reference};

    fn map() -> GridMap {
        let side = testing::rectangle([0.0, 0.0, 100.0, 100.0]);
        let boundary = Boundary::from_rings(&[vec![side]], CoordinateSystem::Wgs84).unwrap();
        GridMap {
            grids: vec![MapGrid::new(
                GridId::from_bytes([1; 16]),
                "3701020020000800101".to_owned(),
                "第一网格".to_owned(),
                Some(GridAttribute::UrbanCommunity),
                &boundary,
            )],
        }
    }

    #[test]
    fn a_map_survives_its_way_and_may_be_published() {
        let map = map();
        let body = serde_json::to_vec(&map).unwrap();
        assert_eq!(reference::check(GRID_MAP, &body), Ok(()));
        let read: GridMap = serde_json::from_slice(&body).unwrap();
        assert_eq!(read, map);
        let boundary = read.grids[0].boundary().unwrap();
        assert!((boundary.area_m2() - 10_000.0).abs() < 10.0);
    }

    #[test]
    fn a_map_whose_outline_is_none_is_not_published() {
        for outline in ["", "00", "xyz", "01ff"] {
            let mut map = map();
            map.grids[0].outline = outline.to_owned();
            let body = serde_json::to_vec(&map).unwrap();
            let refused = reference::check(GRID_MAP, &body).unwrap_err();
            assert_eq!(refused.code(), "json", "{outline}");
        }
    }

    #[test]
    fn a_map_of_a_newer_server_is_read() {
        let mut newer = serde_json::to_value(map()).unwrap();
        newer["grids"][0]["attribute"] = "floating".into();
        newer["grids"][0]["colour"] = "green".into();
        newer["legend"] = 1.into();
        let read: GridMap = serde_json::from_value(newer).unwrap();
        assert_eq!(read.grids[0].name, "第一网格");
    }
}
