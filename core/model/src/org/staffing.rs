//! Who has to be in a grid (一格一长, 一格多员).

use std::collections::BTreeSet;

use super::{GridWarning, Role};
use crate::PersonId;

/// Somebody assigned to a grid at present.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct StaffMember {
    /// Who.
    pub person: PersonId,
    /// As what.
    pub role: Role,
    /// Assigned beforehand, not called out: does not count yet.
    pub is_reserve: bool,
}

/// How many people a grid needs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct StaffingRules {
    /// Fewest people on the staff of a grid; three as a rule.
    pub staff_per_grid: u32,
}

impl Default for StaffingRules {
    fn default() -> Self {
        Self { staff_per_grid: 3 }
    }
}

impl StaffingRules {
    /// What to say about a grid with these people: exactly one head, and
    /// enough staff. Somebody with two roles counts once.
    pub fn check(&self, members: &[StaffMember]) -> Vec<GridWarning> {
        let present = || members.iter().filter(|member| !member.is_reserve);
        let people = |is: &dyn Fn(&StaffMember) -> bool| -> u32 {
            let people: BTreeSet<PersonId> = present()
                .filter(|member| is(member))
                .map(|member| member.person)
                .collect();
            u32::try_from(people.len()).unwrap_or(u32::MAX)
        };
        let heads = people(&|member| member.role == Role::GridHead);
        let staff = people(&|member| member.role.spec().is_staff);
        let mut warnings = Vec::new();
        match heads {
            0 => warnings.push(GridWarning::NoHead),
            1 => {}
            found => warnings.push(GridWarning::SeveralHeads { found }),
        }
        if staff < self.staff_per_grid {
            warnings.push(GridWarning::TooFewStaff {
                found: staff,
                min: self.staff_per_grid,
            });
        }
        warnings
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn member(person: u8, role: Role) -> StaffMember {
        StaffMember {
            person: PersonId::from_bytes([person; 16]),
            role,
            is_reserve: false,
        }
    }

    fn codes(members: &[StaffMember]) -> Vec<&'static str> {
        StaffingRules::default()
            .check(members)
            .iter()
            .map(GridWarning::code)
            .collect()
    }

    #[test]
    fn a_grid_needs_one_head_and_three_people() {
        let head = member(1, Role::GridHead);
        let full = [
            head,
            member(2, Role::GridWorker),
            member(3, Role::PartTimeWorker),
        ];
        assert!(codes(&full).is_empty());
        assert_eq!(codes(&full[..2]), ["too_few_staff"]);
        assert_eq!(codes(&[]), ["no_head", "too_few_staff"]);
        let two_heads = [full.as_slice(), &[member(4, Role::GridHead)]].concat();
        assert_eq!(codes(&two_heads), ["several_heads"]);
    }

    #[test]
    fn somebody_with_two_roles_counts_once_and_helpers_do_not_count() {
        let members = [
            member(1, Role::GridHead),
            member(1, Role::GridWorker),
            member(2, Role::GridWorker),
            member(3, Role::BuildingHead),
            StaffMember {
                is_reserve: true,
                ..member(4, Role::SecondedOfficial)
            },
        ];
        assert_eq!(
            StaffingRules::default().check(&members),
            [GridWarning::TooFewStaff { found: 2, min: 3 }]
        );
    }
}
