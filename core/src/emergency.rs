//! Emergencies that hold where the person works, as the phone was last told.

use wangge_model::{
    GridId,
    emergency::{EMERGENCY, Emergency},
    reference,
};

use crate::{Core, Result};

impl Core {
    /// The emergencies that hold in a grid now: its own and those of the places
    /// above it, the highest level first. Each has the moment at which it ends, so
    /// that it is over without a network too.
    pub fn emergencies(&self, grid: GridId) -> Result<Vec<Emergency>> {
        let now = self.clock.now();
        let source = self.store.load_rule_source()?;
        let Some(place) = source.grids.get(&grid) else {
            return Ok(Vec::new());
        };
        let holds = |node| node == grid.into() || place.above.contains(&node);
        let sets = source.reference.iter();
        let mut emergencies: Vec<Emergency> = sets
            .filter(|set| set.name.starts_with(EMERGENCY) && holds(set.node))
            .filter_map(|set| {
                // The server checks before it publishes.
                let checked = reference::check(&set.name, &set.body);
                let read = checked.map_err(|error| error.to_string()).and_then(|()| {
                    serde_json::from_slice(&set.body).map_err(|error| error.to_string())
                });
                read.inspect_err(|error| tracing::error!(%error, "an emergency cannot be read"))
                    .ok()
            })
            .filter(|emergency: &Emergency| emergency.holds(now))
            .collect();
        emergencies.sort_by(|one, two| (two.level, one.ends_at).cmp(&(one.level, two.ends_at)));
        Ok(emergencies)
    }
}
