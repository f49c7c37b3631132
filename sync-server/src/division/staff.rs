//! Who works in the new grids of a re-division: whoever worked in the old ones.

use std::collections::HashMap;

use wangge_model::{
    AssignmentId, Clock, Entropy, GridId, PersonId, Role, Timestamp,
    boundary::overlap_m2,
    redivision::{NewGrid, OldGrid},
};

use crate::storage::{Assignment, NewAssignment, TeamMember};

/// Assignments in the new grids. The staff of an old grid goes to the grid that
/// takes the most of it; a new grid nobody goes to gets the staff of the old one
/// that gave it the most ground, so that each has somebody. Two heads may meet
/// so: the register marks it, a person decides.
pub(super) fn carry_over(
    clock: &dyn Clock,
    entropy: &dyn Entropy,
    staff: &[TeamMember],
    successors: &[(GridId, Vec<GridId>)],
    old: &[OldGrid],
    new: &[(GridId, NewGrid)],
    at: Timestamp,
) -> Vec<NewAssignment> {
    let mut sources: HashMap<GridId, Vec<GridId>> = HashMap::new();
    for (grid, followers) in successors {
        if let Some(main) = followers.first() {
            sources.entry(*main).or_default().push(*grid);
        }
    }
    let mut assignments = Vec::new();
    for (id, grid) in new {
        let from = match sources.get(id) {
            Some(from) => from.clone(),
            None => giver(old, grid, successors, *id).into_iter().collect(),
        };
        let mut seen: Vec<(PersonId, Role)> = Vec::new();
        for member in staff {
            let Assignment {
                person,
                node,
                role,
                full_time,
                reserve,
                duties,
                ..
            } = &member.assignment;
            if !from.contains(&(*node).into()) || seen.contains(&(*person, *role)) {
                continue;
            }
            seen.push((*person, *role));
            assignments.push(NewAssignment {
                id: AssignmentId::make(clock, entropy),
                person: *person,
                node: (*id).into(),
                role: *role,
                full_time: *full_time,
                reserve: *reserve,
                duties: duties.clone(),
                valid_from: at,
            });
        }
    }
    assignments
}

/// The old grid that gave a new one the most ground; without boundaries, the
/// first that names it among what follows.
fn giver(
    old: &[OldGrid],
    grid: &NewGrid,
    successors: &[(GridId, Vec<GridId>)],
    id: GridId,
) -> Option<GridId> {
    let share = |old: &OldGrid| {
        old.boundary
            .as_ref()
            .map_or(0.0, |boundary| overlap_m2(boundary, &grid.boundary))
    };
    let best = old
        .iter()
        .map(|old| (old.id, share(old)))
        .filter(|(_, share)| *share > 0.0)
        .max_by(|(_, one), (_, two)| one.total_cmp(two));
    best.map(|(old, _)| old).or_else(|| {
        successors
            .iter()
            .find(|(_, followers)| followers.contains(&id))
            .map(|(old, _)| *old)
    })
}
