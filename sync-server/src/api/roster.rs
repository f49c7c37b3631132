//! The roster as phones are told of it: nothing while they hold what holds now.

use minicbor::bytes::ByteVec;
use wangge_model::{
    OrgNodeId, Timestamp,
    org::LineStep,
    protocol::{
        ROSTER_PEOPLE, Roster, RosterCard, RosterCardPlace, RosterPerson, RosterPlace,
        roster_digest,
    },
};

use crate::{
    AppState, DeviceError,
    card::{find_card, public_address, spoken},
    storage::{Device, GrantedGrid, PlaceStaff, StorageResult},
};

/// What a phone with these grids is to hold; `None` if that is what it holds.
pub(super) async fn news(
    state: &AppState,
    device: &Device,
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
        card: card(state, device, at).await?,
    };
    Ok((*held != roster_digest(Some(&roster))).then_some(roster))
}

/// The own work card; none only if the person is gone.
async fn card(
    state: &AppState,
    device: &Device,
    at: Timestamp,
) -> StorageResult<Option<RosterCard>> {
    let storage = state.storage.as_ref();
    let Some(card) = find_card(storage, &device.person, at).await? else {
        return Ok(None);
    };
    let number = state.card_numbers().await?.number(&device.person);
    let address = public_address(&state.settings, &card, &number).unwrap_or_default();
    let places = card.places.into_iter().map(|place| RosterCardPlace {
        name: place.name,
        role: place.role.as_str().to_owned(),
        ends_at: place.ends_at,
    });
    Ok(Some(RosterCard {
        name: card.name,
        number: spoken(&number),
        address,
        places: places.collect(),
    }))
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
