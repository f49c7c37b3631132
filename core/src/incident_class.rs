//! The classes a report is filed under, as they hold in a grid.

use wangge_model::{
    GridId,
    incident_class::{INCIDENT_CLASSES, IncidentClasses},
};

use crate::{Core, Result, plan::nearest};

impl Core {
    /// The tree of classes of a grid: its county's, or the built-in one.
    pub fn incident_classes(&self, grid: GridId) -> Result<IncidentClasses> {
        let source = self.store.load_rule_source(INCIDENT_CLASSES)?;
        let published = source
            .grids
            .get(&grid)
            .and_then(|place| nearest(&source, INCIDENT_CLASSES, grid, place));
        // The server checks before it publishes; a later one may know better.
        let read = published.and_then(|body| {
            IncidentClasses::from_json(body)
                .inspect_err(|error| tracing::error!(%error, "incident classes are unreadable"))
                .ok()
        });
        Ok(read.unwrap_or_else(|| IncidentClasses::built_in().clone()))
    }
}
