//! What a person may work on, as phones are told.

use sha2::{Digest as _, Sha256};
use wangge_model::{
    PersonId, Timestamp,
    protocol::{Grants, GridGrant, GridLine, to_cbor},
};

use crate::{
    AppState,
    storage::{GrantedGrid, StorageResult},
};

/// The person's grants as of now.
pub(super) async fn grants(
    state: &AppState,
    person: PersonId,
    person_name: &str,
    at: Timestamp,
) -> StorageResult<Grants> {
    let granted = state.storage.list_granted_grids(&person, at).await?;
    Ok(of_grids(person, person_name, &granted))
}

/// The grants of somebody who holds these grids.
pub(super) fn of_grids(person: PersonId, person_name: &str, granted: &[GrantedGrid]) -> Grants {
    let lines = granted
        .iter()
        .map(|granted| GridLine {
            grid: granted.grid,
            above: granted.above.clone(),
        })
        .collect();
    let grids = granted
        .iter()
        .map(|granted| GridGrant {
            grid: granted.grid,
            code: granted.code.clone(),
            name: granted.name.clone(),
            place: granted.place.clone(),
            role: granted.role.as_str().to_owned(),
        })
        .collect();
    let mut grants = Grants {
        version: 0,
        person,
        person_name: person_name.to_owned(),
        grids,
        lines: Some(lines),
    };
    grants.version = version(&grants);
    grants
}

/// A number that differs when anything in the grants does; never 0, which
/// phones use for "none yet".
fn version(grants: &Grants) -> u64 {
    let hash: [u8; 32] = Sha256::digest(to_cbor(grants)).into();
    let number = hash
        .iter()
        .take(8)
        .fold(0, |number, byte| (number << 8) | u64::from(*byte));
    // The phone stores it as a signed number.
    (number >> 1).max(1)
}
