//! A place that is not a home, read as a whole; and check lists and hazards,
//! which households and visits have too.

use std::collections::BTreeMap;

use wangge_model::{
    RecordId,
    coordinate::Point,
    hazard::Hazard,
    household::{Address, Contact},
    place::Check,
};

use crate::{AppError, Core};

/// One place as it stands. Empty text means: not recorded.
#[derive(Debug, Clone, PartialEq, uniffi::Record)]
pub struct Place {
    /// What it is called.
    pub name: String,
    /// What it is.
    pub kind: String,
    /// Whether it is in use.
    pub state: String,
    /// Where it is.
    pub address: Address,
    /// Where, if taken.
    pub point: Option<Point>,
    /// Unified social credit code.
    pub credit_code: String,
    /// People who work there.
    pub employee_count: Option<i64>,
    /// Area in square metres.
    pub area_m2: Option<f64>,
    /// Whom to ring.
    pub contact: Contact,
    /// Whether it has a party organisation of its own.
    pub party_organisation: Option<bool>,
    /// Number of party members there, as a number only.
    pub party_member_count: Option<i64>,
    /// What was checked, by id.
    pub checks: Vec<CheckEntry>,
    /// Hazards found, by id.
    pub hazards: Vec<HazardEntry>,
    /// Notes two people may edit at once.
    pub notes: String,
}

/// One item of a check list. Fields are at `checks.<id>.…`.
#[derive(Debug, Clone, PartialEq, Eq, uniffi::Record)]
pub struct CheckEntry {
    /// Id of the entry.
    pub id: String,
    /// What was looked at.
    pub item: String,
    /// Whether it was in order; nothing before somebody looked.
    pub passed: Option<bool>,
    /// What was found.
    pub remark: String,
    /// When, `YYYY-MM-DD`; empty in a visit, which has its own time.
    pub checked_on: String,
}

/// A hazard that was found. Fields are at `hazards.<id>.…`.
#[derive(Debug, Clone, PartialEq, Eq, uniffi::Record)]
pub struct HazardEntry {
    /// Id of the entry.
    pub id: String,
    /// What kind.
    pub kind: String,
    /// What exactly.
    pub remark: String,
    /// When it was found, `YYYY-MM-DD`.
    pub found_on: String,
    /// When it is to be fixed.
    pub fix_by: String,
    /// When it was.
    pub fixed_on: String,
    /// When somebody looked again.
    pub rechecked_on: String,
    /// What they found.
    pub recheck: String,
    /// Id of the person who looked again.
    pub rechecked_by: String,
    /// How far it is: `open`, `fixed` or `closed`.
    pub state: String,
    /// From which day on somebody is to look again; empty if nobody is.
    pub recheck_due_on: String,
    /// The incident it became, if it did.
    pub incident: Option<RecordId>,
}

#[uniffi::export(async_runtime = "tokio")]
impl Core {
    /// A place as a whole.
    pub async fn place(&self, id: RecordId) -> Result<Place, AppError> {
        Ok(self.run(move |core| core.place(id)).await?.into())
    }
}

impl From<wangge_model::place::Place> for Place {
    fn from(place: wangge_model::place::Place) -> Self {
        Self {
            name: place.name,
            kind: place.kind,
            state: place.state,
            address: place.address,
            point: place.point,
            credit_code: place.credit_code,
            employee_count: place.employee_count,
            area_m2: place.area_m2,
            contact: place.contact,
            party_organisation: place.party_organisation,
            party_member_count: place.party_member_count,
            checks: checks(place.checks),
            hazards: hazards(place.hazards),
            notes: place.notes,
        }
    }
}

/// A check list with the ids of its entries.
pub(crate) fn checks(checks: BTreeMap<String, Check>) -> Vec<CheckEntry> {
    let entry = |(id, check): (String, Check)| CheckEntry {
        id,
        item: check.item,
        passed: check.passed,
        remark: check.remark,
        checked_on: check.checked_on,
    };
    checks.into_iter().map(entry).collect()
}

/// Hazards with the ids of their entries.
pub(crate) fn hazards(hazards: BTreeMap<String, Hazard>) -> Vec<HazardEntry> {
    let entry = |(id, hazard): (String, Hazard)| HazardEntry {
        id,
        state: hazard.state().as_str().to_owned(),
        recheck_due_on: hazard
            .recheck_due_on()
            .map(|on| on.to_string())
            .unwrap_or_default(),
        kind: hazard.kind,
        remark: hazard.remark,
        found_on: hazard.found_on,
        fix_by: hazard.fix_by,
        fixed_on: hazard.fixed_on,
        rechecked_on: hazard.rechecked_on,
        recheck: hazard.recheck,
        rechecked_by: hazard.rechecked_by,
        incident: hazard.incident,
    };
    hazards.into_iter().map(entry).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn checks_and_hazards_carry_their_ids() {
        let place = Place::from(wangge_model::place::Place {
            name: "好邻居便利店".to_owned(),
            checks: BTreeMap::from([(
                "c1".to_owned(),
                Check {
                    item: "灭火器".to_owned(),
                    passed: Some(true),
                    ..Check::default()
                },
            )]),
            hazards: BTreeMap::from([(
                "h1".to_owned(),
                Hazard {
                    kind: "02".to_owned(),
                    ..Hazard::default()
                },
            )]),
            ..Default::default()
        });
        assert_eq!(place.name, "好邻居便利店");
        assert_eq!(
            (place.checks[0].id.as_str(), place.checks[0].passed),
            ("c1", Some(true))
        );
        assert_eq!(
            (place.hazards[0].id.as_str(), place.hazards[0].kind.as_str()),
            ("h1", "02")
        );
    }
}
