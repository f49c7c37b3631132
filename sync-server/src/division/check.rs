//! Checking the order for a re-division against the register and the records.
//! Changes nothing.

use std::collections::HashMap;

use wangge_model::{
    Clock, Entropy, GridAttribute, GridId, OrgLevel, OrgNodeId, RecordId, RecordKind, Timestamp,
    boundary::{Boundary, Coverage, CoverageFinding, Piece, Tolerance, check_coverage},
    grid_code::GridCodeScheme,
    message::{Language, message},
    org::{Above, GridWarning, PlaceError, SizingRules, check_attribute, check_code},
    redivision::{
        NewGrid, OldGrid, RecordPlace, Redivision, RedivisionFile, RedivisionFileError,
        RedivisionPlan, plan,
    },
};

use super::{place::Placed, staff};
use crate::storage::{
    GridSizeCounts, NewAssignment, NewOrgNode, OrgNode, Storage, StorageError, TeamMember,
};

/// By which rules a division is judged.
#[derive(Debug, Clone)]
pub struct CheckRules<'a> {
    /// What grid codes look like.
    pub scheme: &'a GridCodeScheme,
    /// How large grids should be.
    pub sizing: &'a SizingRules,
    /// What lines may be off by.
    pub tolerance: Tolerance,
}

/// Why a file could not even be checked.
#[derive(Debug, thiserror::Error)]
pub enum CheckError {
    /// The file is no order.
    #[error(transparent)]
    File(#[from] RedivisionFileError),
    /// There is no such community.
    #[error("no community {0}")]
    CommunityUnknown(String),
    /// A grid to close is none of the community's.
    #[error("no grid {0} in the community")]
    GridUnknown(String),
    /// There is nothing to close.
    #[error("the community has no grid")]
    NothingToClose,
    /// Storage failed.
    #[error(transparent)]
    Storage(#[from] StorageError),
}

/// What stands in the way of a re-division.
#[derive(Debug, Clone, PartialEq)]
pub enum Problem {
    /// A code or attribute that cannot be.
    Place {
        /// The new grid's name.
        name: String,
        /// Why.
        reason: PlaceError,
    },
    /// Another place has the code.
    CodeTaken(String),
    /// The grids do not fit the community.
    Coverage(CoverageFinding),
    /// Records only a person can decide on.
    Undecided(usize),
}

impl Problem {
    /// Stable name.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Place { reason, .. } => reason.code(),
            Self::CodeTaken(_) => "code_taken",
            Self::Coverage(finding) => finding.code(),
            Self::Undecided(_) => "undecided",
        }
    }

    /// Whether it is a gap, which may be meant: a lake, a road.
    pub const fn is_gap(&self) -> bool {
        matches!(self, Self::Coverage(CoverageFinding::Gap { .. }))
    }

    /// The problem in words.
    pub fn text(&self, language: Language) -> String {
        match self {
            Self::Place { name, reason } => message(
                language,
                "division-place",
                &[("name", name), ("reason", &reason.text(language))],
            ),
            Self::CodeTaken(code) => message(language, "division-code-taken", &[("code", code)]),
            Self::Coverage(finding) => finding.text(language),
            Self::Undecided(count) => message(
                language,
                "division-undecided",
                &[("count", &count.to_string())],
            ),
        }
    }
}

/// A new grid as it would be.
#[derive(Debug, Clone)]
pub struct PlannedGrid {
    /// The place to make.
    pub node: NewOrgNode,
    /// Its boundary.
    pub boundary: Boundary,
    /// What would live there.
    pub size: GridSizeCounts,
    /// What to look at.
    pub warnings: Vec<GridWarning>,
}

/// A checked order.
#[derive(Debug)]
pub struct Checked {
    /// Why, in words.
    pub name: String,
    /// Whose grids.
    pub community: OrgNode,
    /// The grids to close.
    pub old: Vec<OrgNode>,
    /// The grids to make.
    pub new: Vec<PlannedGrid>,
    /// Where records go.
    pub plan: RedivisionPlan,
    /// What titles the undecided ones have, and whatever else is known.
    pub records: usize,
    /// How the grids fit; `None`: the community has no boundary.
    pub coverage: Option<Coverage>,
    /// What stands in the way.
    pub problems: Vec<Problem>,
    /// Who would work in the new grids.
    pub staff: Vec<NewAssignment>,
    /// Who works in the old ones.
    pub old_staff: Vec<TeamMember>,
}

impl Checked {
    /// Whether it may be applied; gaps may be accepted.
    pub fn may_apply(&self, accept_gaps: bool) -> bool {
        self.problems
            .iter()
            .all(|problem| accept_gaps && problem.is_gap())
    }
}

/// What of the register an order is about.
struct Register {
    community: OrgNode,
    above: Vec<OrgNode>,
    old: Vec<OrgNode>,
    kept: Vec<OrgNode>,
    boundaries: HashMap<OrgNodeId, Boundary>,
}

/// Checks an order.
pub async fn check(
    storage: &dyn Storage,
    clock: &dyn Clock,
    entropy: &dyn Entropy,
    rules: &CheckRules<'_>,
    bytes: &[u8],
) -> Result<Checked, CheckError> {
    let file = RedivisionFile::read(bytes)?;
    let now = clock.now();
    let register = load_register(storage, &file, now).await?;
    let new: Vec<(GridId, NewGrid)> = file
        .grids
        .iter()
        .map(|grid| (GridId::make(clock, entropy), grid.clone()))
        .collect();
    let mut problems = Vec::new();
    let nodes = new_nodes(storage, rules, &register, &new, now, &mut problems).await?;
    let coverage = coverage(rules, &register, &nodes, &new);
    if let Some(coverage) = &coverage {
        problems.extend(coverage.findings.iter().cloned().map(Problem::Coverage));
    }
    let old: Vec<OldGrid> = register
        .old
        .iter()
        .map(|node| OldGrid {
            id: node.id.into(),
            code: node.code.clone().unwrap_or_default(),
            boundary: register.boundaries.get(&node.id).cloned(),
        })
        .collect();
    let grids: Vec<GridId> = old.iter().map(|old| old.id).collect();
    let placed = super::load_places(storage, &grids).await?;
    let places: Vec<RecordPlace> = placed.iter().map(|placed| placed.place.clone()).collect();
    let plan = plan(
        &Redivision {
            old: &old,
            new: &new,
            file: &file,
        },
        &places,
    );
    if !plan.undecided.is_empty() {
        problems.push(Problem::Undecided(plan.undecided.len()));
    }
    let closing: Vec<OrgNodeId> = register.old.iter().map(|node| node.id).collect();
    let old_staff = storage.list_members(&closing, now).await?;
    let staff = staff::carry_over(
        clock,
        entropy,
        &old_staff,
        &plan.successors,
        &old,
        &new,
        now,
    );
    let sizes = sizes(&placed, &plan);
    let new = nodes
        .into_iter()
        .zip(new)
        .map(|(node, (id, grid))| {
            let size = sizes.get(&id).copied().unwrap_or_default();
            let warning = rules
                .sizing
                .check(node.attribute, size.households, size.people);
            PlannedGrid {
                boundary: grid.boundary,
                size,
                warnings: warning.into_iter().collect(),
                node,
            }
        })
        .collect();
    Ok(Checked {
        name: file.name,
        community: register.community,
        old: register.old,
        new,
        records: places.len(),
        plan,
        coverage,
        problems,
        staff,
        old_staff,
    })
}

async fn load_register(
    storage: &dyn Storage,
    file: &RedivisionFile,
    now: Timestamp,
) -> Result<Register, CheckError> {
    let community = match file.community.parse::<OrgNodeId>() {
        Ok(id) => storage.find_node(&id).await?,
        Err(_) => storage.find_node_by_code(&file.community).await?,
    };
    let community = community
        .filter(|node| node.level == OrgLevel::Community && node.validity().contains(now))
        .ok_or_else(|| CheckError::CommunityUnknown(file.community.clone()))?;
    let grids: Vec<OrgNode> = storage
        .list_children(Some(&community.id))
        .await?
        .into_iter()
        .filter(|node| node.level == OrgLevel::Grid && node.validity().contains(now))
        .collect();
    let is_named = |node: &OrgNode, name: &str| {
        node.code.as_deref() == Some(name) || node.id.to_string() == name
    };
    for name in &file.close {
        if !grids.iter().any(|node| is_named(node, name)) {
            return Err(CheckError::GridUnknown(name.clone()));
        }
    }
    let (old, kept): (Vec<OrgNode>, Vec<OrgNode>) = grids.into_iter().partition(|node| {
        file.close.is_empty() || file.close.iter().any(|name| is_named(node, name))
    });
    if old.is_empty() {
        return Err(CheckError::NothingToClose);
    }
    let nodes: Vec<OrgNodeId> = old
        .iter()
        .chain(&kept)
        .chain([&community])
        .map(|node| node.id)
        .collect();
    let boundaries = storage.list_boundaries(&nodes).await?.into_iter().collect();
    let above = storage.list_ancestors(&community.id).await?;
    Ok(Register {
        community,
        above,
        old,
        kept,
        boundaries,
    })
}

async fn new_nodes(
    storage: &dyn Storage,
    rules: &CheckRules<'_>,
    register: &Register,
    new: &[(GridId, NewGrid)],
    now: Timestamp,
    problems: &mut Vec<Problem>,
) -> Result<Vec<NewOrgNode>, CheckError> {
    let above: Vec<Above<'_>> = register
        .above
        .iter()
        .map(|node| Above {
            level: node.level,
            code: node.code.as_deref(),
        })
        .collect();
    let mut nodes = Vec::with_capacity(new.len());
    for (id, grid) in new {
        let code = check_code(Some(&grid.code), OrgLevel::Grid, &above, rules.scheme);
        let attribute = check_attribute(
            grid.attribute,
            OrgLevel::Grid,
            Some(&grid.code),
            rules.scheme,
        );
        let attribute = match (&code, &attribute) {
            (Ok(_), Ok(attribute)) => *attribute,
            (Err(reason), _) | (Ok(_), Err(reason)) => {
                problems.push(Problem::Place {
                    name: grid.name.clone(),
                    reason: reason.clone(),
                });
                grid.attribute
            }
        };
        let code = code.ok().flatten().unwrap_or_else(|| grid.code.clone());
        if let Some(owner) = storage.find_node_by_code(&code).await?
            && !register.old.iter().any(|old| old.id == owner.id)
        {
            problems.push(Problem::CodeTaken(code.clone()));
        }
        nodes.push(NewOrgNode {
            id: (*id).into(),
            parent: Some(register.community.id),
            level: OrgLevel::Grid,
            code: Some(code),
            name: grid.name.clone(),
            attribute,
            valid_from: now,
        });
    }
    Ok(nodes)
}

/// The new grids and those that stay, against the community.
fn coverage(
    rules: &CheckRules<'_>,
    register: &Register,
    nodes: &[NewOrgNode],
    new: &[(GridId, NewGrid)],
) -> Option<Coverage> {
    let piece =
        |code: Option<&str>, name: &str, attribute: Option<GridAttribute>, of: &Boundary| Piece {
            name: match code {
                Some(code) => format!("{name} {code}"),
                None => name.to_owned(),
            },
            attribute,
            boundary: of.clone(),
        };
    let made = nodes.iter().zip(new).map(|(node, (_, grid))| {
        let NewOrgNode {
            code,
            name,
            attribute,
            ..
        } = node;
        piece(code.as_deref(), name, *attribute, &grid.boundary)
    });
    let kept = register.kept.iter().filter_map(|node| {
        let boundary = register.boundaries.get(&node.id)?;
        Some(piece(
            node.code.as_deref(),
            &node.name,
            node.attribute,
            boundary,
        ))
    });
    let pieces: Vec<Piece> = made.chain(kept).collect();
    let community = register.boundaries.get(&register.community.id)?;
    Some(check_coverage(community, &pieces, &rules.tolerance))
}

fn sizes(placed: &[Placed], plan: &RedivisionPlan) -> HashMap<GridId, GridSizeCounts> {
    let people: HashMap<RecordId, u32> = placed
        .iter()
        .filter(|placed| placed.place.kind == RecordKind::Household)
        .map(|placed| (placed.place.id, placed.people))
        .collect();
    let mut sizes: HashMap<GridId, GridSizeCounts> = HashMap::new();
    for placement in &plan.placements {
        if let Some(people) = people.get(&placement.record) {
            let size = sizes.entry(placement.to).or_default();
            size.households += 1;
            size.people += people;
        }
    }
    sizes
}
