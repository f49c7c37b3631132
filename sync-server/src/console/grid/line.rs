//! The line of report above a grid (逐级报告), from assignments.

use wangge_model::{
    OrgNodeId, Timestamp,
    message::{Language, message, message_id},
    org::LineStep,
};

use super::people::MemberView;
use crate::{
    console::error::PageError,
    storage::{OrgNode, Storage},
};

/// A step of the line in words.
#[derive(Debug, Clone, Default)]
pub(crate) struct LineView {
    /// What the step is, e.g. grid head.
    pub label: String,
    /// Who it is; never empty.
    pub members: Vec<MemberView>,
}

/// The steps of a grid's line that somebody is on at `at`, the lowest first.
pub(super) async fn find(
    storage: &dyn Storage,
    grid: &OrgNodeId,
    at: Timestamp,
    language: Language,
) -> Result<Vec<LineView>, PageError> {
    let places: Vec<OrgNode> = storage.list_ancestors(grid).await?;
    let ids: Vec<OrgNodeId> = places.iter().map(|place| place.id).collect();
    let members = storage.list_members(&ids, at).await?;
    let mut steps = Vec::new();
    for step in LineStep::ALL {
        let mut found: Vec<(usize, MemberView)> = Vec::new();
        for member in &members {
            let assignment = &member.assignment;
            if !member.is_on_duty(at) {
                continue;
            }
            let place = places.iter().position(|place| place.id == assignment.node);
            let Some((depth, place)) = place.and_then(|at| Some((at, places.get(at)?))) else {
                continue;
            };
            if LineStep::of(assignment.role, place.level) == Some(step) {
                let view = MemberView::of(member, &place.name, at, language);
                found.push((depth, view));
            }
        }
        // Of places of one step the nearest to the grid first.
        found.sort_by_key(|(depth, _)| std::cmp::Reverse(*depth));
        if !found.is_empty() {
            steps.push(LineView {
                label: message(language, &message_id("line", step.as_str()), &[]),
                members: found.into_iter().map(|(_, view)| view).collect(),
            });
        }
    }
    Ok(steps)
}
