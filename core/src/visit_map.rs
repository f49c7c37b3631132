//! The map of visits on this phone (入户民情图): every household with its door and
//! how it stands. Made from the same facts and rules as the day's plan
//! ([`crate::plan`]); does not own how it is drawn.

use std::collections::HashMap;

use wangge_model::{
    CivilDay, GridId, LongitudeLatitude, RecordId,
    visit_plan::{PlanHousehold, VisitStanding},
};

use crate::{
    Core, RecordRow, Result,
    plan::{DAYS_BACK, Rules, campaigns},
};

/// A household on the map of visits.
#[derive(Debug, Clone, PartialEq)]
pub struct MappedHousehold {
    /// What to show of it.
    pub row: RecordRow,
    /// Where its door is; those without are listed beside the map.
    pub door: Option<LongitudeLatitude>,
    /// How it stands.
    pub standing: VisitStanding,
}

impl Core {
    /// The map of visits (入户民情图): every household of a grid, or of all grids
    /// if none is given, with its door and how it stands on a day (today if not
    /// given), most pressing first. Opens no documents, as [`Self::plan`].
    pub fn visit_map(
        &self,
        grid: Option<GridId>,
        on: Option<CivilDay>,
    ) -> Result<Vec<MappedHousehold>> {
        let on = self.day_of(on)?;
        let source = self.store.load_plan_source(on.plus(-DAYS_BACK))?;
        let rules = Rules::of(&source);
        let log = rules.log(&source.visits);
        let campaigns = campaigns(&source);
        let wanted: Vec<_> = source
            .households
            .iter()
            .filter(|household| grid.is_none_or(|grid| grid == household.grid))
            .collect();
        let ids: Vec<RecordId> = wanted.iter().map(|household| household.id).collect();
        let mut rows: HashMap<RecordId, RecordRow> = self
            .store
            .list_rows(&ids)?
            .into_iter()
            .map(|row| (row.id, row))
            .collect();
        let mut mapped: Vec<MappedHousehold> = wanted
            .into_iter()
            .filter_map(|household| {
                let planned = PlanHousehold {
                    id: household.id,
                    fact: &household.fact,
                    attribute: rules.attributes.get(&household.grid).copied().flatten(),
                    rules: rules.at(&household.grid),
                };
                Some(MappedHousehold {
                    // A record that went meanwhile is not on the map.
                    row: rows.remove(&household.id)?,
                    door: household
                        .fact
                        .door
                        .map(|door| LongitudeLatitude::new(door.longitude, door.latitude)),
                    standing: VisitStanding::of(&planned, &log, &campaigns, on),
                })
            })
            .collect();
        mapped.sort_by(|one, two| {
            let key = |one: &MappedHousehold| (one.standing.state, one.row.id);
            key(one).cmp(&key(two))
        });
        Ok(mapped)
    }
}
