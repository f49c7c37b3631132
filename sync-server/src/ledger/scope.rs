//! The grids of a person's scope, as ledgers name them: by code, by name, by
//! community and name.

use std::collections::{HashMap, HashSet, hash_map::Entry};

use wangge_model::{GridId, OrgLevel, RecordKind};

use super::value::CellError;
use crate::{
    auth::Scope,
    storage::{OrgNode, Storage, StorageResult},
};

/// Grids by what they are called.
#[derive(Debug, Default)]
pub struct GridNames {
    /// `None` where several are called the same.
    by_name: HashMap<String, Option<GridId>>,
    grids: HashSet<GridId>,
}

/// Which grids a ledger may be imported into.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reach {
    /// Those in which the person may write households: at the console.
    MayWrite,
    /// Those at or below the person's places: at the server's own command line,
    /// where the operating system decides who may.
    Places,
}

impl GridNames {
    /// The grids a person may import into now.
    pub async fn load(storage: &dyn Storage, scope: &Scope, reach: Reach) -> StorageResult<Self> {
        let mut nodes = storage.list_nodes_in_scope(&scope.person, scope.at).await?;
        if reach == Reach::MayWrite {
            let writable: HashSet<GridId> = storage
                .list_granted_grids(&scope.person, scope.at)
                .await?
                .into_iter()
                .filter(|grid| grid.writes.contains(&RecordKind::Household))
                .map(|grid| grid.grid)
                .collect();
            nodes.retain(|node| {
                node.level != OrgLevel::Grid || writable.contains(&GridId::from(node.id))
            });
        }
        let mut names = Self::of(&nodes);
        // The community of a grid lies above the scope of who has only the grid.
        let mut above = HashMap::new();
        for node in nodes.iter().filter(|node| node.level == OrgLevel::Grid) {
            let Some(parent) = node.parent else { continue };
            if nodes.iter().any(|other| other.id == parent) {
                continue;
            }
            if let Entry::Vacant(place) = above.entry(parent)
                && let Some(found) = storage.find_node(&parent).await?
            {
                place.insert(found.name);
            }
            if let Some(community) = above.get(&parent) {
                names.add_below(community, node);
            }
        }
        Ok(names)
    }

    fn of(nodes: &[OrgNode]) -> Self {
        let by_id: HashMap<_, _> = nodes.iter().map(|node| (node.id, node)).collect();
        let mut names = Self::default();
        for node in nodes.iter().filter(|node| node.level == OrgLevel::Grid) {
            let id = GridId::from(node.id);
            names.grids.insert(id);
            if let Some(code) = &node.code {
                names.add(code, id);
            }
            names.add(&node.name, id);
            names.add(&node.id.to_string(), id);
            if let Some(parent) = node.parent.and_then(|parent| by_id.get(&parent)) {
                names.add_below(&parent.name, node);
            }
        }
        names
    }

    fn add_below(&mut self, community: &str, grid: &OrgNode) {
        let id = GridId::from(grid.id);
        self.add(&format!("{community}{}", grid.name), id);
        for ending in ["居民委员会", "村民委员会", "村委会", "居委会"] {
            if let Some(short) = community.strip_suffix(ending) {
                self.add(&format!("{short}{}", grid.name), id);
            }
        }
    }

    fn add(&mut self, name: &str, id: GridId) {
        let name = normalise(name);
        match self.by_name.entry(name) {
            Entry::Vacant(place) => {
                place.insert(Some(id));
            }
            Entry::Occupied(mut known) => {
                if *known.get() != Some(id) {
                    known.insert(None);
                }
            }
        }
    }

    /// The grid of this code or name.
    pub fn find(&self, name: &str) -> Result<GridId, CellError> {
        match self.by_name.get(&normalise(name)) {
            Some(Some(grid)) => Ok(*grid),
            Some(None) => Err(CellError::AmbiguousGrid),
            None => Err(CellError::UnknownGrid),
        }
    }

    /// Whether a grid is among them.
    pub fn contains(&self, grid: &GridId) -> bool {
        self.grids.contains(grid)
    }

    /// Number of grids.
    pub fn len(&self) -> usize {
        self.grids.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.grids.is_empty()
    }
}

fn normalise(name: &str) -> String {
    wangge_model::text::to_half_width(name)
        .chars()
        .filter(|c| c.is_alphanumeric() || *c == '-')
        .collect::<String>()
        .to_lowercase()
}
