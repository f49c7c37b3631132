//! Doing a checked re-division, in one unit of work.

use wangge_model::{Clock, Entropy, PersonId, RedivisionId};

use super::Checked;
use crate::storage::{
    NewAssignment, NewOrgNode, NewRedivision, RedivisionOutcome, Storage, StorageError,
};

/// Why a checked re-division was not done; nothing was changed.
#[derive(Debug, thiserror::Error)]
pub enum ApplyError {
    /// Something stands in the way, see [`Checked::problems`].
    #[error("{0} problems stand in the way")]
    Problems(usize),
    /// Storage failed; [`StorageError::Changed`]: check again.
    #[error(transparent)]
    Storage(#[from] StorageError),
}

/// Applies it. New grids, assignments and moves all begin now.
pub async fn apply(
    storage: &dyn Storage,
    clock: &dyn Clock,
    entropy: &dyn Entropy,
    checked: &Checked,
    person: Option<PersonId>,
    accept_gaps: bool,
) -> Result<RedivisionOutcome, ApplyError> {
    if !checked.may_apply(accept_gaps) {
        return Err(ApplyError::Problems(checked.problems.len()));
    }
    let at = clock.now();
    let new = NewRedivision {
        id: RedivisionId::make(clock, entropy),
        community: checked.community.id,
        name: checked.name.clone(),
        person,
        at,
        close: checked.old.iter().map(|node| node.id).collect(),
        create: checked
            .new
            .iter()
            .map(|grid| {
                let node = NewOrgNode {
                    valid_from: at,
                    ..grid.node.clone()
                };
                (node, grid.boundary.clone())
            })
            .collect(),
        successors: checked
            .plan
            .successors
            .iter()
            .map(|(old, followers)| {
                let followers = followers.iter().map(|grid| (*grid).into()).collect();
                ((*old).into(), followers)
            })
            .collect(),
        moves: checked
            .plan
            .placements
            .iter()
            .map(|placement| (placement.record, placement.to))
            .collect(),
        assignments: checked
            .staff
            .iter()
            .map(|assignment| NewAssignment {
                valid_from: at,
                ..assignment.clone()
            })
            .collect(),
    };
    Ok(storage.redivide(&new).await?)
}
