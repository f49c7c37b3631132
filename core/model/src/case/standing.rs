//! What somebody is to a case, as their assignments say. A request never says
//! it itself.

use super::{Case, CaseLevel, CaseRole, Requester};
use crate::{OrgNodeId, PersonId, access::Seat};

/// A place somebody is assigned to and what that makes of them. Of a micro-grid
/// the grid it lies in: incidents are those of grids.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Post {
    /// The place.
    pub node: OrgNodeId,
    /// As what.
    pub seat: Seat,
}

/// Who somebody is at this moment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Standing {
    /// The person.
    pub person: PersonId,
    /// Name, as the timeline tells it.
    pub name: String,
    /// Where they are assigned.
    pub posts: Vec<Post>,
}

/// What a seat at the incident's grid or a place above it is to its case.
pub const fn case_role(seat: Seat) -> Option<CaseRole> {
    match seat {
        Seat::GridWorker => Some(CaseRole::GridWorker),
        Seat::GridHead => Some(CaseRole::GridHead),
        Seat::Community => Some(CaseRole::CommunityDesk),
        Seat::Street => Some(CaseRole::StreetDesk),
        Seat::County => Some(CaseRole::CountyDesk),
        Seat::Assessor => Some(CaseRole::Assessor),
        Seat::Light | Seat::Department | Seat::Auditor | Seat::Admin => None,
    }
}

/// Whether somebody with this seat works for the place as a unit that cases
/// are given to: a grid, a desk, a department of that level.
const fn is_of_unit(seat: Seat) -> bool {
    matches!(seat, Seat::Department)
        || matches!(
            case_role(seat),
            Some(
                CaseRole::GridWorker
                    | CaseRole::GridHead
                    | CaseRole::CommunityDesk
                    | CaseRole::StreetDesk
                    | CaseRole::CountyDesk
            )
        )
}

impl Standing {
    /// Whether they work at one of these places, or at the desk of one, so that
    /// somebody there can have asked them.
    pub fn works_at(&self, place: &[OrgNodeId]) -> bool {
        self.posts
            .iter()
            .any(|post| is_of_unit(post.seat) && place.contains(&post.node))
    }

    /// What they are to this case; `place` is the incident's grid and every
    /// place above it.
    pub fn requester(&self, case: &Case, place: &[OrgNodeId]) -> Requester {
        let mut units: Vec<OrgNodeId> = self
            .posts
            .iter()
            .filter(|post| is_of_unit(post.seat))
            .map(|post| post.node)
            .collect();
        units.sort_unstable();
        units.dedup();
        let mut roles: Vec<CaseRole> = self
            .posts
            .iter()
            .filter(|post| place.contains(&post.node))
            .filter_map(|post| case_role(post.seat))
            .collect();
        if case.reporter == Some(self.person) {
            roles.push(CaseRole::Reporter);
        }
        if case.unit.is_some_and(|unit| units.contains(&unit)) {
            roles.push(CaseRole::Handler);
        }
        if case.joint.keys().any(|unit| units.contains(unit)) {
            roles.push(CaseRole::JointHandler);
        }
        roles.sort_unstable();
        roles.dedup();
        Requester {
            person: self.person,
            roles,
            units,
        }
    }
}

impl Requester {
    /// The server itself, when a time runs out: as the responsible desk and as
    /// one who watches over it.
    pub fn clockwork(level: CaseLevel) -> Self {
        Self {
            person: PersonId::from_bytes([0; 16]),
            roles: vec![CaseRole::desk(level), CaseRole::Assessor],
            units: Vec::new(),
        }
    }

    /// Whether it is the server itself and nobody.
    pub fn is_clockwork(&self) -> bool {
        self.person == PersonId::from_bytes([0; 16])
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::case::{Handling, Urgency};

    const fn node(id: u8) -> OrgNodeId {
        OrgNodeId::from_bytes([id; 16])
    }

    #[test]
    fn roles_follow_from_assignments_and_what_the_case_says() {
        let me = PersonId::from_bytes([7; 16]);
        let mut case = Case::reported(Handling::Coordinated, Urgency::Normal, Some(me), None);
        let place = [node(1), node(2), node(3)];
        let standing = |posts: &[(u8, Seat)]| Standing {
            person: me,
            name: "李雷".to_owned(),
            posts: posts
                .iter()
                .map(|(id, seat)| Post {
                    node: node(*id),
                    seat: *seat,
                })
                .collect(),
        };
        let desk = standing(&[(2, Seat::Community), (9, Seat::Street)]);
        let found = desk.requester(&case, &place);
        // Another street's desk is nobody here.
        assert_eq!(found.roles, [CaseRole::Reporter, CaseRole::CommunityDesk]);
        assert_eq!(found.units, [node(2), node(9)]);
        case.unit = Some(node(9));
        let found = desk.requester(&case, &place);
        assert!(found.roles.contains(&CaseRole::Handler));
        let department = standing(&[(3, Seat::Department)]);
        case.unit = Some(node(3));
        assert!(
            department
                .requester(&case, &place)
                .roles
                .contains(&CaseRole::Handler)
        );
        for seat in [Seat::Light, Seat::Auditor, Seat::Admin, Seat::Assessor] {
            let found = standing(&[(3, seat)]).requester(&case, &place);
            assert!(found.units.is_empty(), "{seat}");
            assert!(!found.roles.contains(&CaseRole::Handler), "{seat}");
        }
    }
}
