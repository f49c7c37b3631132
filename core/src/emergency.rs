//! Emergencies that hold where the person works, as the phone was last told.

use wangge_model::{
    GridId,
    emergency::{EMERGENCY, Emergency},
};

use crate::{Core, Result};

impl Core {
    /// The emergencies that hold in a grid now: its own and those of the places
    /// above it, the highest level first. Each has the moment at which it ends, so
    /// that it is over without a network too.
    pub fn emergencies(&self, grid: GridId) -> Result<Vec<Emergency>> {
        let now = self.clock.now();
        let mut emergencies: Vec<Emergency> = self.read_references(EMERGENCY, grid)?;
        emergencies.retain(|emergency| emergency.holds(now));
        emergencies.sort_by(|one, two| (two.level, one.ends_at).cmp(&(one.level, two.ends_at)));
        Ok(emergencies)
    }
}
