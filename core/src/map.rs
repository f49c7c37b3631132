//! The map of grids on this phone: which grid a point is in, without a network.
//!
//! The server publishes the grids of each community as a reference set
//! ([`wangge_model::boundary::GridMap`]); this finds points in them. Does not
//! own boundaries, nor whose grid it is.

use std::{
    collections::HashMap,
    fmt,
    sync::{Arc, Mutex, PoisonError},
};

use wangge_model::{
    GridId, LongitudeLatitude, OrgNodeId, ReferenceVersion,
    boundary::{GRID_MAP, GridIndex, GridMap},
};

use crate::{Core, Result, store::Store};

/// A grid of the map.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LocatedGrid {
    /// The grid.
    pub grid: GridId,
    /// Its public code; empty if it has none.
    pub code: String,
    /// Its name.
    pub name: String,
    /// `urban`, `rural`, `dedicated`; empty if unknown.
    pub attribute: String,
    /// The person works in it.
    pub is_own: bool,
}

/// The maps as they were when the index was made.
type Versions = Vec<(OrgNodeId, ReferenceVersion)>;

/// All maps of the phone, ready to look points up in.
struct Loaded {
    versions: Versions,
    index: GridIndex,
    grids: HashMap<GridId, LocatedGrid>,
}

/// Made at the first question and again after a map changed.
#[derive(Default)]
pub(crate) struct MapCache(Mutex<Option<Arc<Loaded>>>);

impl fmt::Debug for MapCache {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MapCache").finish_non_exhaustive()
    }
}

impl MapCache {
    fn load(&self, store: &Store) -> Result<Arc<Loaded>> {
        let versions: Versions = store
            .list_reference_stamps(GRID_MAP)?
            .into_iter()
            .map(|stamp| (stamp.node, stamp.version))
            .collect();
        let mut cached = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(loaded) = cached.as_ref()
            && loaded.versions == versions
        {
            return Ok(Arc::clone(loaded));
        }
        let loaded = Arc::new(read(store, versions)?);
        *cached = Some(Arc::clone(&loaded));
        Ok(loaded)
    }
}

fn read(store: &Store, versions: Versions) -> Result<Loaded> {
    let mut shapes = Vec::new();
    let mut grids = HashMap::new();
    for held in store.list_references(GRID_MAP)? {
        if held.name != GRID_MAP {
            continue;
        }
        let map: GridMap = serde_json::from_slice(&held.body).unwrap_or_else(|error| {
            // The server checks before it publishes.
            tracing::error!(%error, "a grid map cannot be read");
            GridMap::default()
        });
        for grid in map.grids {
            match grid.boundary() {
                Ok(boundary) => shapes.push((grid.id, boundary)),
                Err(error) => {
                    tracing::error!(%error, grid = %grid.id, "an outline cannot be read");
                    continue;
                }
            }
            let located = LocatedGrid {
                grid: grid.id,
                code: grid.code,
                name: grid.name,
                attribute: grid.attribute,
                is_own: false,
            };
            grids.insert(grid.id, located);
        }
    }
    Ok(Loaded {
        versions,
        index: GridIndex::new(shapes),
        grids,
    })
}

impl Core {
    /// The grid a point (WGS-84) lies in, among those of the communities the
    /// person works in. `None`: in none of them, or nobody has drawn them. On a
    /// line the answer is the server's.
    pub fn locate_grid(&self, point: LongitudeLatitude) -> Result<Option<LocatedGrid>> {
        let loaded = self.map.load(&self.store)?;
        let found = loaded
            .index
            .locate(point)
            .and_then(|grid| loaded.grids.get(&grid).cloned());
        let Some(mut found) = found else {
            return Ok(None);
        };
        found.is_own = self
            .store
            .list_grids()?
            .iter()
            .any(|grant| grant.grid == found.grid);
        Ok(Some(found))
    }
}
