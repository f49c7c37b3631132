//! The people who work in the district: an office for the county, a supervisor
//! for each street, a service desk for each community, and three workers for each
//! grid [S 001], one of them its head. Some work in the next grid too (一员多格).

use chrono::NaiveDate;
use rand::{RngExt as _, SeedableRng as _};
use rand_chacha::ChaCha8Rng;
use wangge_model::{AssignmentId, Clock, Entropy, OrgNodeId, PersonId, Role, Sex, Timestamp};

use super::name::{full_name, surname};
use crate::storage::{NewAssignment, NewPerson};

/// Workers of one grid.
pub(super) const WORKERS_OF_GRID: usize = 3;
/// One worker in this many has the next grid as well.
const SECOND_GRID_ONE_IN: u32 = 12;
/// User name of the office.
pub(super) const OFFICE: &str = "office";
/// First day of work of everybody, after training.
const TRAINED_ON: Option<NaiveDate> = NaiveDate::from_ymd_opt(2025, 1, 2);
/// The stream of random numbers for people; grids count from 1.
const STREAM: u64 = u64::MAX;

/// People with their assignments.
#[derive(Debug, Default)]
#[expect(clippy::struct_field_names, reason = "people with what they do")]
pub(super) struct People {
    pub(super) people: Vec<NewPerson>,
    pub(super) assignments: Vec<NewAssignment>,
    /// Workers among them.
    pub(super) workers: usize,
}

/// Makes people.
pub(super) struct PeopleMaker<'a> {
    rng: ChaCha8Rng,
    clock: &'a dyn Clock,
    entropy: &'a dyn Entropy,
    now: Timestamp,
    made: People,
}

impl<'a> PeopleMaker<'a> {
    pub(super) fn new(seed: u64, clock: &'a dyn Clock, entropy: &'a dyn Entropy) -> Self {
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        rng.set_stream(STREAM);
        Self {
            rng,
            clock,
            entropy,
            now: clock.now(),
            made: People::default(),
        }
    }

    /// The office of the whole county.
    pub(super) fn office(&mut self, county: OrgNodeId) -> PersonId {
        let id = self.person(OFFICE.to_owned());
        self.assign(id, county, Role::CentreStaff, true);
        id
    }

    /// A supervisor, `s` and the street's code.
    pub(super) fn supervisor(&mut self, street: OrgNodeId, code: &str) {
        let id = self.person(format!("s{code}"));
        self.assign(id, street, Role::Supervisor, true);
    }

    /// A service desk, `d` and the community's code.
    pub(super) fn desk(&mut self, community: OrgNodeId, code: &str) {
        let id = self.person(format!("d{code}"));
        self.assign(id, community, Role::ServiceDesk, true);
    }

    /// The workers of grids that lie side by side: `w1-1`, `w1-2`, `w1-3` for
    /// the first of the district.
    pub(super) fn workers(&mut self, grids: &[(u32, OrgNodeId)]) {
        for (place, (number, grid)) in grids.iter().enumerate() {
            for worker in 1..=WORKERS_OF_GRID {
                let id = self.person(format!("w{}-{worker}", number + 1));
                let role = match worker {
                    1 => Role::GridHead,
                    2 => Role::GridWorker,
                    _ => Role::PartTimeWorker,
                };
                self.assign(id, *grid, role, role != Role::PartTimeWorker);
                self.made.workers += 1;
                let next = grids.get((place + 1) % grids.len());
                if let Some((_, next)) = next.filter(|(other, _)| other != number)
                    && self.rng.random_range(0..SECOND_GRID_ONE_IN) == 0
                {
                    self.assign(id, *next, Role::PartTimeWorker, false);
                }
            }
        }
    }

    pub(super) fn finish(self) -> People {
        self.made
    }

    fn person(&mut self, username: String) -> PersonId {
        let id = PersonId::make(self.clock, self.entropy);
        let family = surname(&mut self.rng);
        let sex = if self.rng.random_range(0..2) == 0 {
            Sex::Male
        } else {
            Sex::Female
        };
        self.made.people.push(NewPerson {
            id,
            name: full_name(&mut self.rng, family, sex),
            username: Some(username),
            phone: String::new(),
            trained_on: TRAINED_ON,
            created_at: self.now,
        });
        id
    }

    fn assign(&mut self, person: PersonId, node: OrgNodeId, role: Role, full_time: bool) {
        self.made.assignments.push(NewAssignment {
            id: AssignmentId::make(self.clock, self.entropy),
            person,
            node,
            role,
            full_time,
            reserve: false,
            duties: Vec::new(),
            valid_from: self.now,
        });
    }
}
