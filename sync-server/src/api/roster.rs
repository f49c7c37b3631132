//! The roster as phones are told of it: nothing while they hold what holds now.

use minicbor::bytes::ByteVec;
use wangge_model::{
    OrgNodeId, Timestamp,
    org::LineStep,
    protocol::{ROSTER_PEOPLE, Roster, RosterPerson, RosterPlace, roster_digest},
};

use crate::{
    AppState, DeviceError,
    storage::{GrantedGrid, PlaceStaff},
};

/// What a phone with these grids is to hold; `None` if that is what it holds.
pub(super) async fn news(
    state: &AppState,
    held: &ByteVec,
    granted: &[GrantedGrid],
) -> Result<Option<Roster>, DeviceError> {
    let at = state.clock.now();
    let mut nodes: Vec<OrgNodeId> = granted
        .iter()
        .flat_map(|granted| std::iter::once(granted.grid.into()).chain(granted.above.clone()))
        .collect();
    nodes.sort_unstable();
    nodes.dedup();
    let staff = state.storage.list_staff(&nodes, at).await?;
    let roster = Roster {
        places: staff.iter().map(|place| of_place(place, at)).collect(),
    };
    Ok((*held != roster_digest(Some(&roster))).then_some(roster))
}

/// A place with whoever others report to there. Workers of a grid are left out:
/// nobody reports to them.
fn of_place(place: &PlaceStaff, at: Timestamp) -> RosterPlace {
    let level = place.node.level;
    let people = place
        .members
        .iter()
        .filter(|member| member.is_on_duty(at))
        .filter(|member| {
            let step = LineStep::of(member.assignment.role, level);
            step.is_some_and(|step| step > LineStep::Workers)
        })
        .take(ROSTER_PEOPLE)
        .map(|member| RosterPerson {
            name: member.name.clone(),
            role: member.assignment.role.as_str().to_owned(),
            phone: member.phone.clone(),
        })
        .collect();
    RosterPlace {
        node: place.node.id,
        level: level.as_str().to_owned(),
        name: place.node.name.clone(),
        people,
    }
}
