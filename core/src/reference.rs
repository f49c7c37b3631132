//! Reference sets as they hold in a grid.

use serde::de::DeserializeOwned;
use wangge_model::{GridId, OrgNodeId, reference};

use crate::{Core, Result};

impl Core {
    /// What the sets whose names begin so say in a grid: its own, and those of
    /// the places above it. The server checks before it publishes; what cannot be
    /// read all the same is told in the log and left out.
    pub(crate) fn read_references<T: DeserializeOwned>(
        &self,
        prefix: &str,
        grid: GridId,
    ) -> Result<Vec<T>> {
        let read = self.read_references_of(prefix, grid)?;
        Ok(read.into_iter().map(|(_, content)| content).collect())
    }

    /// The same, each with the place it is about.
    pub(crate) fn read_references_of<T: DeserializeOwned>(
        &self,
        prefix: &str,
        grid: GridId,
    ) -> Result<Vec<(OrgNodeId, T)>> {
        let source = self.store.load_rule_source(prefix)?;
        let Some(place) = source.grids.get(&grid) else {
            return Ok(Vec::new());
        };
        let holds = |node| node == grid.into() || place.above.contains(&node);
        let sets = source.reference.iter().filter(|set| holds(set.node));
        Ok(sets
            .filter_map(|set| {
                let checked = reference::check(&set.name, &set.body);
                let read = checked.map_err(|error| error.to_string()).and_then(|()| {
                    let content = serde_json::from_slice(&set.body);
                    content.map_err(|error| error.to_string())
                });
                read.inspect_err(|error| {
                    tracing::error!(%error, set = %set.name, "a reference set cannot be read");
                })
                .ok()
                .map(|content| (set.node, content))
            })
            .collect())
    }
}
