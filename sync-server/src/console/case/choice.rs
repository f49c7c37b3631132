//! What the forms of a case offer to choose from: units it could go to, and people
//! who could have been asked first.

use wangge_model::{
    OrgLevel, OrgNodeId, Timestamp,
    case::{Post, Standing},
};

use crate::{
    AppState,
    auth::SignedIn,
    console::{
        error::PageError,
        select::{SelectOption, node_options},
    },
    storage::OrgNode,
};

/// Most units to choose from.
const MOST_UNITS: usize = 400;

/// Where a case could go: its grid, the desks above it, whoever the list of
/// responsibilities names, and what lies in the reader's scope.
pub(super) async fn find_unit_options(
    state: &AppState,
    signed_in: &SignedIn,
    place: &[OrgNodeId],
    named: &std::collections::BTreeMap<OrgNodeId, String>,
) -> Result<Vec<SelectOption>, PageError> {
    let scope = &signed_in.scope;
    let storage = &state.storage;
    let mut nodes: Vec<OrgNode> = Vec::new();
    for id in place.iter().chain(named.keys()) {
        nodes.extend(storage.find_node(id).await?);
    }
    let own = storage.list_nodes_in_scope(&scope.person, scope.at).await?;
    nodes.extend(own.into_iter().filter(|node| {
        matches!(
            node.level,
            OrgLevel::County | OrgLevel::Street | OrgLevel::Community | OrgLevel::Grid
        )
    }));
    nodes.sort_by(|one, two| one.path.cmp(&two.path));
    nodes.dedup_by(|one, two| one.id == two.id);
    // Desks before grids, should there be too many.
    nodes.sort_by_key(|node| (node.level == OrgLevel::Grid, node.path.clone()));
    nodes.truncate(MOST_UNITS);
    Ok(node_options(nodes, ""))
}

/// Who works at the incident's grid or a place above it, nearest first.
pub(super) async fn find_people_options(
    state: &AppState,
    place: &[OrgNodeId],
    at: Timestamp,
) -> Result<Vec<SelectOption>, PageError> {
    let storage = &state.storage;
    let mut found: Vec<(usize, SelectOption)> = Vec::new();
    for member in storage.list_members(place, at).await? {
        let assignment = &member.assignment;
        let Some(node) = storage.find_node(&assignment.node).await? else {
            continue;
        };
        let standing = Standing {
            person: assignment.person,
            name: member.name.clone(),
            posts: vec![Post {
                node: node.id,
                seat: assignment.role.seat(node.level),
            }],
        };
        let value = assignment.person.to_string();
        let is_known = found.iter().any(|(_, one)| one.value == value);
        if !member.active || is_known || !standing.works_at(place) {
            continue;
        }
        let label = format!("{} · {}", member.name, node.name);
        let depth = place.iter().position(|one| *one == node.id).unwrap_or(0);
        found.push((depth, SelectOption::new(value, label, "")));
    }
    found.sort_by_key(|(depth, _)| std::cmp::Reverse(*depth));
    Ok(found.into_iter().map(|(_, option)| option).collect())
}
